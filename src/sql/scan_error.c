#include "sql/scan.h"

const char *pgb_scan_error_message(pgb_scan_error error)
{
    switch (error) {
    case PGB_SCAN_STRING:
        return "a quoted string is not closed";
    case PGB_SCAN_IDENTIFIER:
        return "a quoted identifier is not closed";
    case PGB_SCAN_DOLLAR:
        return "a dollar-quoted string is not closed";
    case PGB_SCAN_BLOCK:
        return "a block comment is not closed";
    case PGB_SCAN_PAREN:
        return "a parenthesis is not closed";
    case PGB_SCAN_BODY:
        return "BEGIN ATOMIC has no END";
    case PGB_SCAN_COPY_OPEN:
        return "the data of COPY … FROM stdin has no end";
    case PGB_SCAN_COPY_TRAIL:
        return "something follows COPY … FROM stdin; on its line";
    case PGB_SCAN_TAG:
        return "the tag of a dollar quote is too long";
    case PGB_SCAN_UTF8:
        return "invalid UTF-8";
    case PGB_SCAN_NUL:
        return "a NUL byte";
    default:
        return "no error";
    }
}

const char *pgb_scan_error_hint(pgb_scan_error error)
{
    switch (error) {
    case PGB_SCAN_STRING:
        return "Close it with a single quote; a quote inside the string is written twice.";
    case PGB_SCAN_IDENTIFIER:
        return "Close it with a double quote.";
    case PGB_SCAN_DOLLAR:
        return "Close it with the same $tag$ that opens it.";
    case PGB_SCAN_BLOCK:
        return "Close it with */; comments nest, so each /* inside needs its own.";
    case PGB_SCAN_PAREN:
        return "Close it before the statement's semicolon.";
    case PGB_SCAN_BODY:
        return "Close the body with END; before the section's end.";
    case PGB_SCAN_COPY_OPEN:
        return "End the statement with a semicolon and the data with a line that holds only \\.";
    case PGB_SCAN_COPY_TRAIL:
        return "The data starts on the next line: nothing but a comment may stand behind the "
               "semicolon.";
    case PGB_SCAN_TAG:
        return "Use a tag of at most 250 bytes.";
    case PGB_SCAN_UTF8:
        return "Save the file as UTF-8.";
    case PGB_SCAN_NUL:
        return "PostgreSQL takes no NUL bytes; save the file as UTF-8 text (UTF-16 has NUL bytes).";
    default:
        return "";
    }
}
