#include "report/svg.h"

#include "report/markup.h"
#include "report/report.h"
#include "report/svg_internal.h"
#include "report_templates.h"

const char *pgb_svg_colour(const pgb_report *r, uint32_t revision)
{
    static const char *const classes[PGB_SVG_COLOURS] = {"r0", "r1", "r2", "r3", "r4",  "r5",
                                                         "r6", "r7", "r8", "r9", "r10", "r11"};

    return revision >= r->n_revisions ? "rx" : classes[r->rank[revision] % PGB_SVG_COLOURS];
}

void pgb_svg_begin(pgb_buf *out, const pgb_svg_options *options, int32_t width, int32_t height,
                   const char *class, const char *label)
{
    pgb_buf_printf(out,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"%s\" width=\"%d\" "
                   "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"group\" aria-label=\"",
                   class, width, height, width, height);
    pgb_markup_text(out, label);
    pgb_buf_puts(out, "\">\n");
    if (options->alone) {
        pgb_buf_puts(out, "<title>");
        pgb_markup_text(out, label);
        pgb_buf_puts(out, "</title>\n<style>\n");
        pgb_buf_puts(out, pgb_template_palette_css);
        pgb_buf_puts(out, pgb_template_picture_css);
        pgb_buf_printf(out, "</style>\n<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", width,
                       height);
    }
}

void pgb_svg_end(pgb_buf *out)
{
    pgb_buf_puts(out, "</svg>\n");
}

pgb_status pgb_report_graph(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    pgb_svg_options options = {.prefix = "", .alone = true};

    return pgb_svg_graph(r, &options, out, err);
}

pgb_status pgb_report_schema(const pgb_report *r, pgb_buf *out, pgb_error *err)
{
    pgb_svg_options options = {.prefix = "", .alone = true};

    return pgb_svg_schema(r, &options, out, err);
}
