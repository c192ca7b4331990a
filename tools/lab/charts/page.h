// The page of an atlas: one HTML file that needs nothing else.
//
// Without scripts every study shows every loss, one below another. The page's script shows one loss
// at a time, a second beside it, and lays the line charts of both over each other.
#pragma once

#include <string>
#include <vector>

namespace facet::atlas {

struct StudyText {
    std::string id, title, lead;
    bool overlay = false;  // line charts: those of two losses are drawn into one
};

struct PagePart {
    std::string label;                 // of the loss
    std::vector<std::string> studies;  // HTML, one a StudyText
};

struct Page {
    std::string title, introduction;  // introduction: HTML
    std::string overview;             // HTML of what concerns all losses
    std::vector<StudyText> studies;
    std::vector<PagePart> parts;
};

std::string html_page(const Page& page);

// A link that chooses a loss where scripts run, and leads to its first pictures where they do not.
std::string loss_link(const std::string& label);

extern const char* const kPageStyle;   // page_style.cpp
extern const char* const kPageScript;  // page_script.cpp

}  // namespace facet::atlas
