// The vectors of docs/wire.md: lines of its blocks, columns of a line, fields of a column.
#ifndef REJOINDER_TESTS_SUPPORT_WIRE_VECTORS_HPP
#define REJOINDER_TESTS_SUPPORT_WIRE_VECTORS_HPP

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace wire_vectors {

inline std::filesystem::path source_directory()
{
#ifdef REJOINDER_SOURCE_DIR
    return REJOINDER_SOURCE_DIR;
#else
    return std::filesystem::path{__FILE__}.parent_path().parent_path().parent_path();
#endif
}

inline std::string_view trimmed(std::string_view text)
{
    const auto begin = text.find_first_not_of(' ');
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

inline std::vector<std::string> lines_of_block(std::string_view name)
{
    std::ifstream file{source_directory() / "docs" / "wire.md"};
    std::vector<std::string> lines;
    bool inside = false;
    for (std::string line; std::getline(file, line);) {
        if (inside && line == "```") {
            return lines;
        }
        if (inside) {
            lines.push_back(line);
        }
        inside = inside || line == "```" + std::string{name};
    }
    throw std::runtime_error{"docs/wire.md has no block " + std::string{name}};
}

inline std::vector<std::string> columns_of(std::string_view line, std::size_t count)
{
    std::vector<std::string> columns;
    while (columns.size() + 1 < count) {
        const auto bar = line.find('|');
        if (bar == std::string_view::npos) {
            throw std::runtime_error{"a vector lacks a column: " + std::string{line}};
        }
        columns.emplace_back(trimmed(line.substr(0, bar)));
        line.remove_prefix(bar + 1);
    }
    columns.emplace_back(trimmed(line));
    return columns;
}

inline std::map<std::string, std::string> fields_of(std::string_view text)
{
    std::map<std::string, std::string> fields;
    while (!text.empty()) {
        const auto end = std::min(text.find("; "), text.size());
        const auto field = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 2, text.size()));
        const auto equals = field.find('=');
        if (equals == std::string_view::npos) {
            throw std::runtime_error{"a vector has a field without a value: " + std::string{field}};
        }
        fields.emplace(field.substr(0, equals), field.substr(equals + 1));
    }
    return fields;
}

inline std::uint64_t number(std::string_view text)
{
    std::uint64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

inline std::string bytes_of_hex(std::string_view hex)
{
    std::string result;
    std::string digits;
    for (const char c : hex) {
        if (c == ' ') {
            continue;
        }
        digits.push_back(c);
        if (digits.size() == 2) {
            result.push_back(static_cast<char>(std::stoi(digits, nullptr, 16)));
            digits.clear();
        }
    }
    return result;
}

inline std::string string_field(const std::string& text)
{
    if (!text.starts_with('"')) {
        return text;
    }
    return std::string{boost::json::parse(text).as_string()};
}

} // namespace wire_vectors

#endif
