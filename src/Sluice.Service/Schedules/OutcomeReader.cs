using System.Runtime.CompilerServices;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>How the lines of a submission ended, in the order in which they came.</summary>
internal sealed class OutcomeReader(ISubmissionStore submissions, string tenant, Guid submission, int page)
{
    /// <summary>Those after a line's number.</summary>
    public async IAsyncEnumerable<LineOutcome> ReadAsync(int after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Queue<LineOutcome> succeeded = [], failed = [];
        int succeededTo = after, failedTo = after;
        bool moreSucceeded = true, moreFailed = true;
        while (true)
        {
            if (succeeded.Count == 0 && moreSucceeded)
            {
                (succeeded, succeededTo, moreSucceeded) = await NextAsync(LineFilter.Succeeded, succeededTo, cancellationToken);
            }
            if (failed.Count == 0 && moreFailed)
            {
                (failed, failedTo, moreFailed) = await NextAsync(LineFilter.Failed, failedTo, cancellationToken);
            }
            if (succeeded.Count == 0 && failed.Count == 0)
            {
                yield break;
            }
            bool first = failed.Count == 0 || (succeeded.Count > 0 && succeeded.Peek().Number < failed.Peek().Number);
            yield return (first ? succeeded : failed).Dequeue();
        }
    }

    private async Task<(Queue<LineOutcome> Lines, int To, bool More)> NextAsync(LineFilter filter, int after, CancellationToken cancellationToken)
    {
        IReadOnlyList<LineOutcome> lines = await submissions.LinesAsync(tenant, submission, filter, after, page, cancellationToken);
        return (new Queue<LineOutcome>(lines), lines.Count > 0 ? lines[^1].Number : after, lines.Count > 0);
    }
}
