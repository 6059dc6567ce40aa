#include "session/suspended_request.hpp"

namespace fairlead::session {

suspended_request::suspended_request(std::span<const char> bytes, const request_head& parsed,
                                     const http::head_facts& facts, const http::body_framing& how,
                                     const http::connection_view& connection)
    : framing(how),
      wants_keep(facts.keep_alive),
      expects_continue(facts.expects_continue),
      head_(bytes.data(), bytes.size()) {
    const auto moved = [&](std::string_view view) {
        if (view.empty()) return std::string_view();
        return std::string_view(head_).substr(static_cast<std::size_t>(view.data() - bytes.data()),
                                              view.size());
    };
    fields_.reserve(parsed.fields.size());
    for (const auto& line : parsed.fields) fields_.push_back({line.id, moved(line.name), moved(line.value)});
    request_head mine = parsed;
    mine.method_text = moved(parsed.method_text);
    mine.target = moved(parsed.target);
    mine.fields = http::field_table(fields_);
    mine.fill(request);
    request.connection = &connection;
    // The name stands at the front of the field, whatever text the check compared it with.
    if (facts.host) request.host_name = request.authority.substr(0, facts.host->name.size());
}

}  // namespace fairlead::session
