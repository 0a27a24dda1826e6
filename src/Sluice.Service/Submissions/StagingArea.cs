using Sluice.Store;

namespace Sluice.Service.Submissions;

/// <summary>
/// Collects lines into chunks and stores one while the next fills: the submission is opened with its first line. One caller.
/// </summary>
internal sealed class StagingArea(ISubmissionStore store, SubmissionSignal signal, NewSubmission submission, SubmissionOptions options, TimeProvider time) : IDisposable
{
    private List<StagedLine> _lines = [];
    private long _bytes;
    private int _last;
    private long _flushed = time.GetTimestamp();
    private (LineChunk Chunk, Task<(bool Staged, SubmissionRecord? Submission)> Task)? _storing;

    public SubmissionOptions Options => options;

    /// <summary>The submission that this upload made; null before its first line.</summary>
    public SubmissionRecord? Mine { get; private set; }

    /// <summary>The one that stands under the same key.</summary>
    public SubmissionRecord? Other { get; private set; }

    /// <summary>False where no more lines can be taken: another has the key, or somebody ended the submission.</summary>
    public async ValueTask<bool> AddAsync(StagedLine line, CancellationToken cancellationToken)
    {
        if (Mine is null)
        {
            (bool created, SubmissionRecord started) = await store.StartAsync(submission, cancellationToken);
            if (!created)
            {
                Other = started;
                return false;
            }
            Mine = started;
        }
        _lines.Add(line);
        _last = line.Number;
        _bytes += line.Request?.Length ?? 0;
        bool due = _lines.Count >= options.ChunkLines || _bytes >= options.ChunkBytes || time.GetElapsedTime(_flushed) >= options.StageAfter;
        return !due || await FlushAsync(cancellationToken);
    }

    /// <summary>Begins to store what is collected, after what was before it. False where the submission takes no more.</summary>
    public async ValueTask<bool> FlushAsync(CancellationToken cancellationToken)
    {
        if (Mine is null)
        {
            return true;
        }
        if (!await SettleAsync())
        {
            return false;
        }
        cancellationToken.ThrowIfCancellationRequested();
        LineChunk chunk = new() { After = Mine.LastLine, Last = Math.Max(_last, Mine.LastLine), Lines = _lines };
        (_lines, _bytes) = (new List<StagedLine>(_lines.Count), 0);
        _flushed = time.GetTimestamp();
        // A caller who goes away does not take back what has come.
        _storing = (chunk, Task.Run(() => store.StageAsync(submission.Tenant, submission.Id, chunk, CancellationToken.None), CancellationToken.None));
        return true;
    }

    /// <summary>Everything is there; null where there was no line.</summary>
    public async Task<SubmissionRecord?> CloseAsync(byte[] hash, int last, CancellationToken cancellationToken)
    {
        if (Mine is null)
        {
            return null;
        }
        _last = last;
        if (!await FlushAsync(cancellationToken) || !await SettleAsync())
        {
            return Mine;
        }
        Mine = await store.CloseAsync(submission.Tenant, submission.Id, UploadEnd.Complete, hash, cancellationToken) ?? Mine;
        signal.Pulse();
        return Mine;
    }

    public async Task<SubmissionRecord> RefuseAsync()
    {
        await SettleAsync();
        return await store.CloseAsync(submission.Tenant, submission.Id, UploadEnd.Refused, null, CancellationToken.None) ?? Mine!;
    }

    /// <summary>The upload broke off. What is collected and whole is stored where it is to be kept; a store that fails leaves the rest to whoever tends.</summary>
    public async Task BreakAsync()
    {
        try
        {
            if (submission.KeepIncomplete && _lines.Count > 0)
            {
                await FlushAsync(CancellationToken.None);
            }
            await SettleAsync();
            await store.CloseAsync(submission.Tenant, submission.Id, UploadEnd.Incomplete, null, CancellationToken.None);
            signal.Pulse();
        }
        catch (Exception e) when (e is StoreUnavailableException or OperationCanceledException)
        {
            // Given up when it has not been heard of for long enough.
        }
    }

    public void Dispose() => _lines.Clear();

    /// <summary>Waits for the chunk under way. False where it found the submission closed. One that could not be stored is collected again when this throws: no line may be stored before it.</summary>
    private async ValueTask<bool> SettleAsync()
    {
        if (_storing is not { } storing)
        {
            return true;
        }
        _storing = null;
        bool staged;
        SubmissionRecord? now;
        try
        {
            (staged, now) = await storing.Task;
        }
        catch
        {
            _lines = [.. storing.Chunk.Lines, .. _lines];
            throw;
        }
        Mine = now ?? Mine;
        if (staged && submission.KeepIncomplete)
        {
            signal.Pulse();
        }
        return staged;
    }
}
