-- auth schema and user columns
-- pgbraid:revision 808b6192c57c
-- pgbraid:parent 7cce0565853d

-- Every new column is null or has a constant default: no row of users is rewritten.

-- pgbraid:up
ALTER TABLE users
    ADD COLUMN first_name VARCHAR(100),
    ADD COLUMN last_name VARCHAR(100),
    ADD COLUMN email_verified_at TIMESTAMPTZ,
    ADD COLUMN failed_login_count INTEGER NOT NULL DEFAULT 0,
    ADD COLUMN locked_until TIMESTAMPTZ,
    ADD COLUMN last_login_at TIMESTAMPTZ;

COMMENT ON COLUMN users.email_verified_at IS 'Null until the owner has followed the link sent to email';
COMMENT ON COLUMN users.failed_login_count IS 'Since the last success; the application sets locked_until when there were too many';

CREATE TABLE email_verification_tokens (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL,
    email VARCHAR(255) NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL,
    verified_at TIMESTAMPTZ,
    CONSTRAINT pk_email_verification_tokens PRIMARY KEY (id),
    CONSTRAINT uq_email_verification_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_email_verification_tokens_user_id FOREIGN KEY (user_id)
        REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX idx_email_verification_tokens_user ON email_verification_tokens (user_id);

COMMENT ON TABLE email_verification_tokens IS 'Links mailed to prove that an address is its user''s';
COMMENT ON COLUMN email_verification_tokens.email IS 'The address that the link went to; it may have changed in users since';
COMMENT ON COLUMN email_verification_tokens.token_hash IS 'SHA-256 of the token in the mailed link, in hex';

-- pgbraid:down
DROP TABLE email_verification_tokens;
ALTER TABLE users
    DROP COLUMN last_login_at,
    DROP COLUMN locked_until,
    DROP COLUMN failed_login_count,
    DROP COLUMN email_verified_at,
    DROP COLUMN last_name,
    DROP COLUMN first_name;
