using Sluice.Batching;

namespace Sluice.Cli.Run;

/// <summary>Counts of a run, written by its tasks and read by whoever shows them.</summary>
internal sealed class RunTotals
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<CloseReason, long> _closed = [];
    private long _read;
    private long _readBytes;
    private long _skipped;
    private long _succeeded;
    private long _failed;
    private long _promptTokens;
    private long _computedTokens;
    private long _completionTokens;

    /// <summary>Lines of the input, blank ones left out.</summary>
    public long Read => Volatile.Read(ref _read);

    public long ReadBytes => Volatile.Read(ref _readBytes);

    /// <summary>Lines that were done before this run.</summary>
    public long Skipped => Volatile.Read(ref _skipped);

    /// <summary>Lines answered by this run.</summary>
    public long Succeeded => Volatile.Read(ref _succeeded);

    /// <summary>Error lines of this run.</summary>
    public long Failed => Volatile.Read(ref _failed);

    public long PromptTokens => Volatile.Read(ref _promptTokens);

    /// <summary>Prompt tokens that were not found in shared pages.</summary>
    public long ComputedTokens => Volatile.Read(ref _computedTokens);

    public long CompletionTokens => Volatile.Read(ref _completionTokens);

    public long Done => Skipped + Succeeded + Failed;

    public void AddRead(long bytesSoFar)
    {
        Interlocked.Increment(ref _read);
        Volatile.Write(ref _readBytes, bytesSoFar);
    }

    public void AddSkipped() => Interlocked.Increment(ref _skipped);

    public void AddWritten(OutputLine line)
    {
        Interlocked.Increment(ref line.Failed ? ref _failed : ref _succeeded);
        Interlocked.Add(ref _promptTokens, line.PromptTokens);
        Interlocked.Add(ref _computedTokens, line.PromptTokens - line.CachedTokens);
        Interlocked.Add(ref _completionTokens, line.CompletionTokens);
    }

    public void AddBatch(CloseReason reason)
    {
        lock (_lock) _closed[reason] = _closed.GetValueOrDefault(reason) + 1;
    }

    public IReadOnlyDictionary<CloseReason, long> Closed()
    {
        lock (_lock) return new SortedDictionary<CloseReason, long>(_closed);
    }
}
