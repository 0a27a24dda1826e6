using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;
using Sluice.Engine.Speculation;

namespace Sluice.Engine.Planning;

/// <summary>One request on its way through the engine: its lanes, where it stands in the planner's order, and what it has come to so far.</summary>
/// <remarks>Written by the thread that owns the step only, but for <see cref="Completion"/>.</remarks>
internal sealed class Sequence
{
    /// <summary>Arrivals by which a class is behind the next lower one.</summary>
    public const int ClassDistance = 256;

    private readonly TaskCompletionSource<EngineResult> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="request">Checked.</param>
    /// <param name="capacity">Most positions that the prompt's lane can come to.</param>
    public Sequence(EngineRequest request, int capacity)
    {
        Request = request;
        Capacity = capacity;
        PicksLargest = request.Kind == SequenceKind.Generate && request.Logprobs is null && Sampler.PicksLargest(request.Sampling);
        Trunk = new Lane(this, -1, 0, request.Kind == SequenceKind.Embed ? LaneOutput.EveryHidden : LaneOutput.LastLogits)
        {
            Tokens = request.Prompt,
            Length = request.Prompt.Length,
        };
    }

    public EngineRequest Request { get; }

    public int Capacity { get; }

    /// <summary>Its tokens are the largest logits, and nothing else is asked of them.</summary>
    public bool PicksLargest { get; }

    public Lane Trunk { get; }

    public int PromptLength => Request.Prompt.Length;

    /// <summary>Score: choices that are not summed up yet and have positions to compute; in order.</summary>
    public List<Lane> Choices { get; } = [];

    // Where it stands; written by the planner.

    /// <summary>Order of hand-over; -1 before it.</summary>
    public long Arrival { get; set; } = -1;

    /// <summary>Its place in line: a class is as many arrivals behind the next lower one, so that nobody is overtaken for ever. Differs for any two.</summary>
    public long Order => ((Arrival + (Request.Class * ClassDistance)) * (RequestCheck.LastClass + 1)) + Request.Class;

    /// <summary>The first step that it waited for the room of higher classes; -1 while it has not.</summary>
    public long HeldBackIn { get; set; } = -1;

    /// <summary>Cancelled before it arrived.</summary>
    public bool CancelledEarly { get; set; }

    public bool Started { get; set; }

    public bool Running { get; set; }

    public Sequence? Next { get; set; }

    public Sequence? Previous { get; set; }

    /// <summary>Computes a prefix that this one waits for, until it has computed <see cref="AwaitedPositions"/>.</summary>
    public Sequence? Awaited { get; set; }

    public int AwaitedPositions { get; set; }

    /// <summary>Prompt positions that were shared or computed at least once.</summary>
    public int PromptSeen { get; set; }

    public int CachedTokens { get; set; }

    public int Steps { get; set; }

    /// <summary>The step that last counted in <see cref="Steps"/>.</summary>
    public long LastStep { get; set; } = -1;

    /// <summary>The step in whose room for prompts it was started; it has no other in that step.</summary>
    public long AdmittedIn { get; set; } = -1;

    /// <summary>One token of a sequence that has generated some: not a chunk of a prompt.</summary>
    public bool Decoding => Trunk.Remaining == 1 && Trunk.Length > PromptLength;

    /// <summary>What is guessed for it; null where nothing ever was.</summary>
    public Draft? Draft { get; set; }

    // What it has come to; written when a step is read.

    public int DraftedTokens { get; set; }

    public int AcceptedTokens { get; set; }

    public long Seed { get; init; }

    public bool Ended { get; set; }

    public FinishReason FinishReason { get; set; }

    public List<SampledToken>? Logprobs { get; init; }

    public StopWatcher? Stop { get; init; }

    public double[] ChoiceSums { get; init; } = [];

    public RowMean? Mean { get; init; }

    /// <summary>A fault of the engine, see <see cref="FaultOf"/>.</summary>
    public Exception? Failure { get; set => field = value is null ? null : FaultOf(value); }

    public EngineResult? Result { get; set; }

    /// <summary>Out of the planner; its caller is told after the step.</summary>
    public bool Settled { get; set; }

    // Hand-over.

    public CancellationToken CancellationToken { get; init; }

    public CancellationTokenRegistration CancelRegistration { get; set; }

    public long HandedOverAt { get; init; }

    public long FirstStepAt { get; set; }

    public Task<EngineResult> Completion => _completion.Task;

    /// <param name="index">Its place among the choices.</param>
    /// <param name="tokens">At least two: the last is asked for, never computed.</param>
    public void AddChoice(int index, int[] tokens) => Choices.Add(new Lane(this, index, PromptLength, LaneOutput.EveryLogits)
    {
        Tokens = tokens,
        Length = PromptLength + tokens.Length - 1,
        Computed = PromptLength,
    });

    /// <summary>What the caller may be told of a fault: an <see cref="ArgumentException"/> would say that the request is at fault, so it comes as the inner one.</summary>
    public static Exception FaultOf(Exception fault) => fault is ArgumentException ? new InvalidOperationException($"The engine met a fault: {fault.Message}", fault) : fault;

    /// <summary>Tells the caller; what it came to has been settled and its pages are free.</summary>
    public void Complete()
    {
        CancelRegistration.Unregister();
        if (Failure is not null)
            _completion.TrySetException(Failure);
        else if (Result is not null)
            _completion.TrySetResult(Result);
        else
            _completion.TrySetCanceled(CancellationToken.IsCancellationRequested ? CancellationToken : new CancellationToken(true));
    }
}
