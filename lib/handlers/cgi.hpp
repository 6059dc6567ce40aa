#pragma once

#include "files/sandbox.hpp"
#include "handlers/script_files.hpp"
#include "handlers/script_input.hpp"
#include "handlers/script_keeper.hpp"
#include "handlers/script_output.hpp"
#include "http/cgi_output.hpp"
#include "http/cgi_variables.hpp"
#include "http/named_value.hpp"
#include "limits/work_limit.hpp"
#include "net/deadlines.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::handlers {

/// How scripts are run.
struct cgi_rules {
    /// Extension (without dot) to the interpreter's absolute path; no path: the script itself is the program.
    std::vector<std::pair<std::string, std::string>> programs;
    std::string root;                            ///< absolute path of the folder of the scripts
    std::vector<http::named_value> environment;  ///< beside the meta-variables
    std::chrono::milliseconds timeout;           ///< from the start of a script to the end of its output
    std::chrono::seconds cpu_time;               ///< of each process
    std::uint64_t memory = 0;                    ///< bytes of address space of each process; 0: no limit
    std::uint64_t max_output = 0;                ///< bytes, with the head
    std::uint64_t max_body = 0;                  ///< bytes of the request's body
    std::uint64_t request_buffer = 64 << 10;     ///< bytes of a longer body that are taken in first
    bool passes_authorization = false;           ///< whether scripts see the client's credentials
    std::chrono::milliseconds retry_after;
};

/// Runs a script for each request (RFC 3875), without a shell. In this order:
///
///   1. take the body in (413), or the first part of a long one, so that no place is held for a slow client
///   2. wait for one of the places (503)
///   3. open the script once more by the name that was found, start it in its folder, as a group of its own
///   4. read the head of its output: no output in time 504, none that is an answer 502
///   5. the rest is the body of the answer, which is sent as it comes, with its length where that is known
///
/// What of the body was not taken in before is passed on during 4 and 5 (script_feed).
///
/// The program finds its script by name: between our look and its own, whoever may write to the folder can
/// put another file in its place, and could as well have put a script there. What runs by itself is opened in
/// its folder and not followed if it has become a link.
class cgi final : public script_runner {
public:
    struct services {
        script_keeper& keeper;
        limits::work_limit& places;   ///< how many scripts run at once
        limits::work_limit& streams;  ///< how many of them at most for clients that are still sending
        boost::asio::thread_pool& disk;
        net::deadline_list& deadlines;
        telemetry::log& log;
    };

    /// Throws std::runtime_error when the root cannot be opened.
    cgi(cgi_rules rules, const services& around);

    task<http::outcome> run(http::request& request, found_script script) override;

private:
    /// A script that runs.
    struct started {
        unique_fd socket;
        unique_fd input;  ///< for the rest of the body, if there is one
        script_keeper::wish wish;
    };

    result<started> start(const http::request& request, const found_script& script, script_input& input,
                          limits::work_limit::permit place) const;
    result<unique_fd> open_folder(const std::string& file) const;
    http::variable_list variables_for(const http::request& request, const found_script& script,
                                      const script_input& input, const std::string& file) const;
    const std::string* program_for(std::string_view file) const noexcept;
    http::problem cannot_start(const std::string& file, error_code error) const;
    task<http::outcome> read_answer(http::request& request, std::unique_ptr<script_output> output) const;
    task<http::outcome> answer_with_body(http::script_head head, std::unique_ptr<script_output> output) const;
    http::problem no_answer(const script_output& output, http::cgi_output& head, error_code failed) const;

    const cgi_rules rules_;
    const services around_;
    const files::sandbox root_;
};

}  // namespace fairlead::handlers
