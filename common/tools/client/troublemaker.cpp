#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <exception>

#include "common/tools/client/link.h"
#include "common/tools/client/modes.h"
#include "common/tools/client/plan.h"
#include "common/tools/client/stage.h"
#include "common/tools/client/terminal.h"

namespace course {

int run_troublemaker(const Plan& plan) {
    const Trouble& trouble = find_trouble(plan.mode);
    say(trouble.does);
    say(trouble.watch);
    asio::io_context context(1);
    Stage stage(context, plan, find_server(plan.host, plan.port));
    std::exception_ptr problem;
    asio::co_spawn(context, trouble.make(stage), [&](const std::exception_ptr& thrown) { problem = thrown; });
    context.run();
    if (problem) stage.judge(problem);
    stage.report_others();
    if (stage.kept()) say("the server kept the contract");
    return stage.kept() ? 0 : 1;
}

}  // namespace course
