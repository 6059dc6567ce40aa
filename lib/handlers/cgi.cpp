#include "handlers/cgi.hpp"

#include "base/blocking.hpp"
#include "handlers/refusals.hpp"
#include "http/target.hpp"
#include "limits/overload.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <utility>

namespace fairlead::handlers {
namespace {

// Of the output that is read at a time; an answer that is complete within as much gets a Content-Length.
constexpr std::size_t piece_size = 16 * 1024;
constexpr std::size_t short_answer = 64 * 1024;

// Where programs without an own idea look for others.
constexpr std::string_view usual_path = "/usr/local/bin:/usr/bin:/bin";

http::problem is_stopping() { return refuse(http::status::service_unavailable, "The server is stopping."); }

/// Ours, which never blocks, and that of the script, which does as programs expect.
result<std::pair<unique_fd, unique_fd>> make_socket_pair() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return last_error();
    std::pair<unique_fd, unique_fd> made{unique_fd(ends[0]), unique_fd(ends[1])};
    if (::fcntl(made.first.get(), F_SETFL, O_NONBLOCK) != 0) return last_error();
    return made;
}

/// What the script reads; and our end, when the rest of the body has yet to come. Blocks for the disk.
result<std::pair<unique_fd, unique_fd>> make_input(script_input& input) {
    std::pair<unique_fd, unique_fd> made;
    if (!input.rest()) {
        auto whole = input.open();
        if (!whole) return whole.error();
        made.first = std::move(*whole);
        return made;
    }
    if (const auto failed = input.settle()) return failed;
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return last_error();
    made = {unique_fd(ends[0]), unique_fd(ends[1])};
    if (::fcntl(made.second.get(), F_SETFL, O_NONBLOCK) != 0) return last_error();
    return made;
}

bool is_regular(int fd) noexcept {
    struct stat info{};
    return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

std::string_view file_name(std::string_view path) noexcept { return path.substr(path.rfind('/') + 1); }

}  // namespace

cgi::cgi(cgi_rules rules, const services& around)
    : rules_(std::move(rules)), around_(around), root_(files::sandbox::open(rules_.root)) {}

task<http::outcome> cgi::run(http::request& request, found_script script) {
    // A trace would show the client what others have put into its request.
    if (request.method == http::verb::trace || request.method == http::verb::connect)
        co_return refuse(http::status::method_not_allowed, "This address does not take that method.");
    const auto overload = [this] { return limits::overload(rules_.retry_after, "scripts that run at once"); };
    auto input = std::make_unique<script_input>(around_.disk, around_.streams, rules_.max_body);
    if (request.body) {
        // Nobody has to send a body only to be refused, nor does a refusal wait for it.
        if (around_.places.has_to_refuse()) {
            auto refused = overload();
            refused.close = true;
            co_return refused;
        }
        auto refused = co_await input->receive(*request.body, rules_.request_buffer);
        if (refused) co_return std::move(*refused);
    }
    auto place = co_await around_.places.acquire();
    if (!place) co_return overload();
    if (request.connection && request.connection->has_left()) co_return client_left();
    auto begun = co_await run_blocking(around_.disk,
                                       [&] { return start(request, script, *input, std::move(*place)); });
    if (!begun) co_return cannot_start(script.file, begun.error());
    const auto here = co_await boost::asio::this_coro::executor;
    auto output =
        std::make_unique<script_output>(here.context(), std::move(begun->socket), std::move(begun->wish),
                                        script_keeper::label{script.name, std::string(request.id)},
                                        script_output::limits{rules_.timeout, rules_.max_output},
                                        around_.deadlines, request.connection, around_.log);
    if (input->rest())
        output->take_feed(std::make_unique<script_feed>(here.context(), std::move(begun->input),
                                                        std::move(input), around_.disk));
    auto answer = co_await read_answer(request, std::move(output));
    co_return answer;
}

/// The interpreter of a script; empty when it is a program itself; nullptr when it is neither.
const std::string* cgi::program_for(std::string_view file) const noexcept {
    const auto own = http::extension(file);
    for (const auto& [extension, program] : rules_.programs)
        if (extension == own) return &program;
    static const std::string itself;
    return file.starts_with('/') ? &itself : nullptr;
}

/// The folder that the script lies in. It is checked once more that this is a file.
result<unique_fd> cgi::open_folder(const std::string& file) const {
    const auto slash = file.rfind('/');
    const auto folder = file.substr(0, slash == std::string::npos ? 0 : std::max<std::size_t>(slash, 1));
    if (file.starts_with('/')) {
        unique_fd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!opened) return last_error();
        return opened;
    }
    const auto script = root_.open_file(file);
    if (!script) return script.error();
    if (!is_regular(script->fd.get())) return errno_code(EACCES);
    auto opened = root_.open_file(folder);
    if (!opened) return opened.error();
    return std::move(opened->fd);
}

http::variable_list cgi::variables_for(const http::request& request, const found_script& script,
                                       const script_input& input, const std::string& file) const {
    http::script_facts facts;
    facts.script_name = script.name;
    facts.path_info = script.path_info;
    facts.script_filename = file;
    facts.document_root = rules_.root;
    if (request.body) facts.content_length = input.size();
    facts.passes_authorization = rules_.passes_authorization;
    std::string address;
    if (request.connection) {
        const auto local = request.connection->local();
        address = local.ip.to_string();
        facts.server_address = address;
        facts.server_port = local.port;
    }
    http::variable_list variables;
    http::add_common_variables(variables, rules_.root);
    http::add_meta_variables(variables, request, facts);
    for (const auto& one : rules_.environment) variables.add(one.name, one.text());
    if (!variables.find("PATH")) variables.add("PATH", usual_path);
    return variables;
}

/// Blocks.
result<cgi::started> cgi::start(const http::request& request, const found_script& script, script_input& input,
                                limits::work_limit::permit place) const {
    const auto* const interpreter = program_for(script.file);
    if (!interpreter) return errno_code(ENOEXEC);
    const auto folder = open_folder(script.file);
    if (!folder) return folder.error();
    auto standard_input = make_input(input);
    if (!standard_input) return standard_input.error();
    auto output = make_socket_pair();
    if (!output) return output.error();
    const auto file = script.file.starts_with('/') ? script.file : rules_.root + '/' + script.file;
    auto variables = variables_for(request, script, input, file);
    const auto environment = variables.environment();
    child_plan plan;
    plan.program = interpreter->empty() ? std::string(file_name(file)) : *interpreter;
    plan.arguments.push_back(plan.program);
    if (!interpreter->empty()) plan.arguments.push_back(file);
    plan.environment = environment.data();
    plan.folder = folder->get();
    plan.input = standard_input->first.get();
    plan.output = output->second.get();
    plan.cpu_seconds = static_cast<std::uint64_t>(rules_.cpu_time.count());
    plan.address_space = rules_.memory;
    auto wish =
        around_.keeper.start(std::move(plan), {script.name, std::string(request.id)}, std::move(place));
    if (!wish) return wish.error();
    return started{std::move(output->first), std::move(standard_input->second), std::move(*wish)};
}

http::problem cgi::cannot_start(const std::string& file, error_code error) const {
    auto failure = http::problem_from(error);
    // It was a script a moment ago, so what is missing or forbidden is no news for the client.
    if (static_cast<unsigned>(failure.status) < 500) failure.status = http::status::internal_server_error;
    failure.detail = "The program behind this address could not be started.";
    failure.log_detail = "cannot run " + file + ": " + error.message();
    if (error == boost::system::errc::permission_denied)
        failure.log_detail +=
            " (a script without an interpreter in cgi.programs has to be executable: chmod +x)";
    if (error == boost::system::errc::no_such_file_or_directory)
        failure.log_detail += " (is the interpreter of its first line, or in cgi.programs, installed?)";
    return failure;
}

task<http::outcome> cgi::read_answer(http::request& request, std::unique_ptr<script_output> output) const {
    http::cgi_output reader;
    std::string piece(piece_size, '\0');
    for (auto state = http::cgi_output::state::need_more; state != http::cgi_output::state::complete;) {
        const auto got = co_await output->read_some(piece);
        if (!got) co_return no_answer(*output, reader, got.error());
        if (*got == 0) reader.finish();
        const auto step = reader.feed(std::span<const char>(piece).first(*got));
        if (*got == 0 || step.what == http::cgi_output::state::refused) co_return reader.refusal();
        state = step.what;
        if (state == http::cgi_output::state::complete)
            output->put_back(piece.substr(step.consumed, *got - step.consumed));
    }
    auto head = reader.take_head();
    const bool is_head = request.method == http::verb::head;
    if (head.body == http::script_body::sent && !is_head) {
        auto answer = co_await answer_with_body(std::move(head), std::move(output));
        co_return answer;
    }
    // Read to the end all the same: the script may have more to do than to answer.
    for (;;) {
        const auto got = co_await output->read_some(piece);
        if (output->feed_failed()) co_return body_failed(output->feed_failed());
        if (!got || *got == 0) break;
        if (head.body == http::script_body::absent && !is_head)
            co_return http::bad_script_output("the output has a body, but no Content-Type");
    }
    http::response answer;
    answer.status = head.status;
    answer.fields = std::move(head.fields);
    answer.local_location = std::move(head.local_location);
    // What GET would have: a length, or chunks.
    if (is_head && head.body == http::script_body::sent)
        answer.body = http::stream_body{nullptr, head.length};
    co_return answer;
}

task<http::outcome> cgi::answer_with_body(http::script_head head,
                                          std::unique_ptr<script_output> output) const {
    http::response answer;
    answer.status = head.status;
    answer.fields = std::move(head.fields);
    std::string text;
    const auto is_all = co_await output->read_ready(text, short_answer);
    if (is_all && (!head.length || *head.length == text.size())) {
        answer.body = std::move(text);
        co_return answer;
    }
    // What went wrong is met again when the body is read, behind what came before.
    output->put_back(std::move(text));
    answer.body = http::stream_body{std::move(output), head.length};
    co_return answer;
}

/// The output came to its end before its head did.
http::problem cgi::no_answer(const script_output& output, http::cgi_output& head, error_code failed) const {
    using reason = net::deadline::reason;
    if (output.feed_failed()) return body_failed(output.feed_failed());
    if (output.cut() == reason::client_left) return client_left();
    if (output.cut() == reason::stopping) return is_stopping();
    if (output.cut() == reason::time || output.how().signal == SIGXCPU) {
        auto late =
            refuse(http::status::gateway_timeout, "The program behind this address did not answer in time.");
        late.log_detail = "the script was ended by a limit on its time";
        return late;
    }
    head.finish();
    auto bad = head.refusal();
    if (output.how().signal != 0)
        bad.log_detail += "; signal " + std::to_string(output.how().signal) + " ended the script";
    else if (failed)
        bad.log_detail += "; " + failed.message();
    return bad;
}

}  // namespace fairlead::handlers
