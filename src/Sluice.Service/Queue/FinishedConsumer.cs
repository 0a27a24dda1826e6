using MassTransit;
using Sluice.Jobs.Messages;
using Sluice.Service.Intake;

namespace Sluice.Service.Queue;

/// <summary>Tells this node's waiting callers that a job has ended, wherever it ran.</summary>
internal sealed class FinishedConsumer(JobWaiters waiters) : IConsumer<JobFinished>
{
    public Task Consume(ConsumeContext<JobFinished> context)
    {
        waiters.Finished(context.Message.Id);
        return Task.CompletedTask;
    }
}
