#pragma once

#include "base/sha.hpp"
#include "http/digest_fields.hpp"
#include "site/site_builder.hpp"
#include "support/answers.hpp"
#include "support/session_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::test {

/// A body that comes as a test says, for a handler that is asked without a connection.
class scripted_body final : public http::body_reader {
public:
    /// `piece_bytes`: most bytes that one read gives.
    explicit scripted_body(std::string content, std::size_t piece_bytes = SIZE_MAX)
        : content_(std::move(content)), piece_bytes_(piece_bytes) {}

    bool is_announced = true;         ///< its length is known before it comes
    std::size_t fails_at = SIZE_MAX;  ///< bytes after which reading fails
    error_code failure = errc::end_of_stream;
    std::function<void()> before_read;

    std::size_t given() const noexcept { return given_; }  ///< bytes so far

    task<result<std::size_t>> read_some(std::span<char> buffer) override {
        if (before_read) before_read();
        if (given_ >= fails_at) co_return failure;
        const auto left = std::min(content_.size(), fails_at) - given_;
        const auto n = std::min({left, buffer.size(), piece_bytes_});
        std::memcpy(buffer.data(), content_.data() + given_, n);
        given_ += n;
        co_return n;
    }
    std::int64_t length() const noexcept override {
        return is_announced ? static_cast<std::int64_t>(content_.size()) : -1;
    }

private:
    const std::string content_;
    const std::size_t piece_bytes_;
    std::size_t given_ = 0;
};

/// A part of a form.
struct form_part {
    std::string disposition;  ///< what follows "form-data; "
    std::string type;         ///< empty: none is sent
    std::string content;
};

/// What a browser sends for a form, with the boundary "cut".
inline constexpr std::string_view form_type = "multipart/form-data; boundary=cut";
inline std::string form_text(const std::vector<form_part>& parts) {
    std::string text;
    for (const auto& one : parts) {
        text += "--cut\r\nContent-Disposition: form-data; " + one.disposition + "\r\n";
        if (!one.type.empty()) text += "Content-Type: " + one.type + "\r\n";
        text += "\r\n" + one.content + "\r\n";
    }
    return text + "--cut--\r\n";
}

inline sha_digest digest_of(std::string_view content, sha_kind kind = sha_kind::sha256) {
    sha_hasher hasher(kind);
    hasher.update(content);
    return hasher.finish();
}
/// A value of Content-Digest.
inline std::string digest_text(std::string_view content, sha_kind kind = sha_kind::sha256) {
    return http::format_digest(digest_of(content, kind));
}
/// The entity tag of a stored file.
inline std::string tag_of(std::string_view content) { return '"' + hex(digest_of(content)) + '"'; }

using field_lines = std::vector<std::pair<std::string, std::string>>;

/// A request with a body, as the session would hand it over. What it is made of outlives it.
struct asked_upload {
    asked_upload(http::verb method, std::string_view target, const field_lines& lines,
                 http::body_reader& body) {
        fields_.push_back({http::field::host, "Host", "localhost"});
        for (const auto& [name, value] : lines)
            fields_.push_back({boost::beast::http::string_to_field(name), name, value});
        const auto method_text = boost::beast::http::to_string(method);
        request.method = method;
        request.method_text = {method_text.data(), method_text.size()};
        request.target = target;
        request.fields = http::field_table(fields_);
        request.authority = request.host_name = "localhost";
        request.id = "0123456789abcdef";
        request.body = &body;
    }
    asked_upload(const asked_upload&) = delete;

    http::request request;

private:
    std::vector<http::field_view> fields_;
};

/// A site whose route `/files` takes uploads in every way and serves them, and nothing else does. Limits are
/// small: 64 KiB for a body, 10 parts, a depth of 8.
class upload_site : public session_fixture {
public:
    using route_change = std::function<void(config::route_settings&)>;

    explicit upload_site(const route_change& adjust = {})
        : session_fixture([&](config::settings& all) { add_route(all, adjust); }) {}

    /// The answers to `bytes` of one connection.
    std::vector<answer> answers(std::string_view bytes) { return all_answers(serve(bytes).bytes); }

    /// The answer to a request whose body comes as `body` says; `lines` are field names and values.
    http::response respond(http::verb method, std::string_view target, const field_lines& lines,
                           http::body_reader& body) {
        asked_upload asked(method, target, lines, body);
        // On a context of its own, so that one request may be asked while another waits for its body.
        return run_task(pages.respond(asked.request));
    }

    site::site_resources& resources() const {
        return *static_cast<site::site_resources*>(sites.resources.get());
    }
    files::upload_store& store() const { return resources().stores.front()->store; }
    std::filesystem::path directory() const { return resources().stores.front()->directory; }

    /// Every file in the store but the memory of keys, with its content; temporaries, too.
    std::map<std::string, std::string> stored() const {
        std::map<std::string, std::string> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory())) {
            const auto name = entry.path().lexically_relative(directory()).string();
            if (name.starts_with(".fairlead-keys")) continue;
            found[name + (entry.is_directory() ? "/" : "")] =
                entry.is_directory() ? std::string() : read_file(entry.path());
        }
        return found;
    }
    /// Removes all of that.
    void empty_store() const {
        for (const auto& entry : std::filesystem::directory_iterator(directory()))
            if (entry.path().filename() != ".fairlead-keys") std::filesystem::remove_all(entry.path());
    }

    /// The value of a counter, by its name in the text of metrics.
    std::uint64_t counter(const std::string& name) const {
        const auto text = metrics.text();
        const auto at = text.find("\n" + name + " ");
        if (at == std::string::npos) throw std::runtime_error("no counter " + name);
        return std::strtoull(text.c_str() + at + name.size() + 2, nullptr, 10);
    }

    /// What no request may leave behind when it has been answered: bytes set aside, memory, places among the
    /// requests at work, uploads that have begun and not ended. Empty when there is none of that.
    std::string left_over() const {
        std::string found;
        const auto add = [&found](const char* what, std::uint64_t count) {
            if (count != 0) found += std::string(what) + " " + std::to_string(count) + " ";
        };
        for (const auto& one : resources().stores) add("claimed", one->store.space().current().claimed);
        add("buffers", resources().upload_bytes.load());
        add("at work", work.current().in_flight);
        add("not ended", counter("fairlead_uploads_created_total") -
                             counter("fairlead_uploads_finished_total") -
                             counter("fairlead_uploads_terminated_total"));
        for (const auto& [name, content] : stored())
            if (name.find(".fairlead-tmp-") != std::string::npos) found += name + " ";
        return found;
    }

    /// Descriptors that the process has open.
    static std::size_t descriptors() {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return static_cast<std::size_t>(std::distance(begin(all), end(all)));
    }

private:
    static void add_route(config::settings& all, const route_change& adjust) {
        config::route_settings route;
        route.path = "/files";
        route.delivery = all.site.delivery;
        route.limits = all.limits;
        route.takes_uploads = true;
        route.uploads = all.uploads;
        route.uploads.directory =
            (std::filesystem::path(all.uploads.directory).parent_path() / "files").string();
        route.uploads.accept = {"json", "raw", "form", "put", "delete"};
        route.uploads.max_body = 64 * 1024;
        route.uploads.max_depth = 8;
        route.uploads.max_parts = 10;
        route.uploads.min_free = 0;
        route.uploads.serve = true;
        if (adjust) adjust(route);
        all.uploads.path.clear();
        all.site.routes.push_back(std::move(route));
    }
};

}  // namespace fairlead::test
