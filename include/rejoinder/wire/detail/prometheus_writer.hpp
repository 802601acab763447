// Writes families and samples in Prometheus' text formats.
#ifndef REJOINDER_WIRE_DETAIL_PROMETHEUS_WRITER_HPP
#define REJOINDER_WIRE_DETAIL_PROMETHEUS_WRITER_HPP

#include <rejoinder/core/instant.hpp>
#include <rejoinder/wire/detail/json_write.hpp>
#include <rejoinder/wire/detail/utf8.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace rejoinder::inline v0 {

namespace detail {

enum class prometheus_dialect : std::uint8_t { text_0_0_4, open_metrics };
enum class prometheus_type : std::uint8_t { counter, gauge, summary };

using prometheus_label = std::pair<std::string_view, std::string_view>;

/// A page under construction. What begins a family ends the one before.
class prometheus_writer {
public:
    explicit prometheus_writer(prometheus_dialect dialect) : dialect_(dialect) {}

    /// Puts a label on each sample that follows.
    void label_all(std::string_view name, std::string_view value) { append_label(common_, {name, value}); }

    void family(std::string_view name, prometheus_type type, std::string_view meaning)
    {
        name_.assign("rejoinder_").append(name);
        // The older format knows counters by the name of their sample, OpenMetrics by what stands before `_total`.
        const bool suffixed = type == prometheus_type::counter && dialect_ == prometheus_dialect::text_0_0_4;
        const std::string_view suffix = suffixed ? "_total" : "";
        page_.append("# HELP ").append(name_).append(suffix).append(1, ' ');
        append_escaped(page_, meaning);
        page_.append("\n# TYPE ").append(name_).append(suffix).append(1, ' ').append(name_of(type)).append(1, '\n');
    }

    void sample(std::string_view suffix, std::initializer_list<prometheus_label> labels, std::uint64_t value)
    {
        begin_sample(suffix, labels);
        page_.append(decimal{value}.view()).append(1, '\n');
    }

    void sample(std::string_view suffix, std::initializer_list<prometheus_label> labels, duration seconds)
    {
        begin_sample(suffix, labels);
        std::array<char, 32> digits{};
        const auto value = std::chrono::duration<double>{seconds}.count();
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
        page_.append(digits.data(), end).append(1, '\n');
    }

    [[nodiscard]] std::string finish()
    {
        if (dialect_ == prometheus_dialect::open_metrics) {
            page_.append("# EOF\n");
        }
        return std::move(page_);
    }

private:
    static std::string_view name_of(prometheus_type type) noexcept
    {
        constexpr std::array<std::string_view, 3> names{"counter", "gauge", "summary"};
        return names[static_cast<std::size_t>(type)];
    }

    void begin_sample(std::string_view suffix, std::initializer_list<prometheus_label> labels)
    {
        page_.append(name_).append(suffix);
        labels_ = common_;
        for (const auto& one : labels) {
            append_label(labels_, one);
        }
        if (!labels_.empty()) {
            page_.append(1, '{').append(labels_).append(1, '}');
        }
        page_.append(1, ' ');
    }

    static void append_label(std::string& out, const prometheus_label& one)
    {
        out.append(out.empty() ? "" : ",").append(one.first).append("=\"");
        append_escaped(out, one.second);
        out.append(1, '"');
    }

    // A quote needs its escape in a label's value, and in OpenMetrics in a HELP, too; ours have none.
    static void append_escaped(std::string& out, std::string_view text)
    {
        for (const char c : made_utf8(text)) {
            if (c == '\n') {
                out.append("\\n");
            } else if (c == '\\' || c == '"') {
                out.append({'\\', c});
            } else {
                out.push_back(c);
            }
        }
    }

    prometheus_dialect dialect_;
    std::string name_;
    std::string common_; // the labels of all samples, as they are written
    std::string labels_;
    std::string page_;
};

} // namespace detail

} // namespace rejoinder::inline v0

#endif
