-- auth schema and refresh tokens
-- pgbraid:revision 42ef48f739a4
-- pgbraid:parent 808b6192c57c

-- pgbraid:up
CREATE TABLE refresh_tokens (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL,
    auth_session_id UUID,
    family_id UUID NOT NULL,
    token_hash VARCHAR(64) NOT NULL,
    replaced_by_id UUID,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    revoke_reason VARCHAR(20),
    CONSTRAINT pk_refresh_tokens PRIMARY KEY (id),
    CONSTRAINT uq_refresh_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_refresh_tokens_user_id FOREIGN KEY (user_id)
        REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT fk_refresh_tokens_auth_session_id FOREIGN KEY (auth_session_id)
        REFERENCES auth_sessions (id) ON DELETE CASCADE,
    CONSTRAINT fk_refresh_tokens_replaced_by_id FOREIGN KEY (replaced_by_id)
        REFERENCES refresh_tokens (id) ON DELETE SET NULL,
    CONSTRAINT ck_refresh_tokens_revoke_reason
        CHECK (revoke_reason IN ('rotated', 'signed_out', 'reuse_detected', 'password_changed',
            'admin'))
);
CREATE INDEX idx_refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX idx_refresh_tokens_auth_session ON refresh_tokens (auth_session_id);
CREATE INDEX idx_refresh_tokens_replaced_by ON refresh_tokens (replaced_by_id);
CREATE INDEX idx_refresh_tokens_family ON refresh_tokens (family_id);
CREATE INDEX idx_refresh_tokens_expires ON refresh_tokens (expires_at) WHERE revoked_at IS NULL;

COMMENT ON TABLE refresh_tokens IS 'Long-lived tokens, exchanged at each use for a new one';
COMMENT ON COLUMN refresh_tokens.family_id IS 'Shared by all tokens that descend from one sign-in: if a rotated one is used again, the whole family is revoked';
COMMENT ON COLUMN refresh_tokens.token_hash IS 'SHA-256 of the token, in hex';

-- pgbraid:down
DROP TABLE refresh_tokens;
