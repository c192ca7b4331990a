#include "tools/lab/charts/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/lab/charts/chart.h"

namespace facet::atlas {
namespace {

std::string anchor(const std::string& label) {
    std::string id = "loss-" + label;
    std::replace(id.begin(), id.end(), ' ', '_');
    return id;
}

std::string study_html(const Page& page, size_t k) {
    const StudyText& study = page.studies[k];
    std::string html = fmt::format(
        "<section class=\"study\" id=\"{}\"{}>\n<h2>{}</h2>\n<p class=\"lead\">{}</p>\n"
        "<div class=\"losses\">\n",
        study.id, study.overlay ? " data-overlay=\"\"" : "", study.title, study.lead);
    for (const PagePart& part : page.parts) {
        html += fmt::format("<article data-loss=\"{}\"{}>\n<h3>{}</h3>\n{}</article>\n",
                            escaped(part.label),
                            k == 0 ? fmt::format(" id=\"{}\"", escaped(anchor(part.label))) : "",
                            escaped(part.label), part.studies[k]);
    }
    return html + "</div>\n</section>\n";
}

}  // namespace

std::string loss_link(const std::string& label) {
    return fmt::format("<a href=\"#{}\" data-choose=\"{}\">{}</a>", escaped(anchor(label)),
                       escaped(label), escaped(label));
}

std::string html_page(const Page& page) {
    std::string html = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n<title>{}</title>\n"
        "<style>\n{}</style>\n</head>\n<body>\n<header>\n<h1>{}</h1>\n{}</header>\n",
        escaped(page.title), kPageStyle, escaped(page.title), page.introduction);
    html +=
        "<nav id=\"choose\" hidden=\"\">\n<label>loss <select id=\"first\"></select></label>\n"
        "<label>beside <select id=\"second\"><option value=\"\">—</option></select></label>\n"
        "<label id=\"matching\"><input type=\"checkbox\" id=\"match\" checked=\"\"/> same "
        "height</label>\n"
        "<span class=\"jump\">";
    for (const StudyText& study : page.studies)
        html += fmt::format("<a href=\"#{0}\">{0}</a> ", study.id);
    html += "</span>\n</nav>\n<main>\n" + page.overview;
    for (size_t k = 0; k < page.studies.size(); ++k) html += study_html(page, k);
    return html + "</main>\n<script>\n//<![CDATA[\n" + kPageScript +
           "//]]>\n</script>\n</body>\n</html>\n";
}

}  // namespace facet::atlas
