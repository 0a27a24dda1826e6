using Sluice.Engine.Cache;
using Sluice.Engine.Planning;
using Sluice.Engine.Sampling;
using Sluice.Engine.Sequences;
using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests.Planning;

/// <summary>Planner, cache, reader and <see cref="FakeModel"/> on the test's own thread; every step is checked against its limits and the pages are audited.</summary>
internal sealed class PlannerRig
{
    public const int Vocabulary = 61;

    private readonly PlannerLimits _limits;
    private readonly TimeProvider _clock;
    private readonly List<Sequence> _finished = [];
    private long _start;

    public PlannerRig(int pages = 64, int stepTokens = 64, int sequences = 8, bool share = true, int context = 512, int[]? endIds = null, int? outputs = null,
        IDrafter? drafter = null, int mostTokens = 8, bool adaptive = false, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _limits = new PlannerLimits(sequences, stepTokens, outputs ?? Math.Max(sequences, 16), context);
        Cache = new PrefixCache(new PagePool(pages), share);
        Speculator = drafter is null ? null : new Speculator(drafter, _limits, mostTokens, adaptive, _clock);
        Planner = new Planner(_limits, Cache) { Speculator = Speculator };
        Model = new FakeModel(Vocabulary, pages, stepTokens);
        Reader = new StepReader(Model.Steps, Planner, Vocabulary, endIds ?? []);
    }

    public PrefixCache Cache { get; }

    public Planner Planner { get; }

    public FakeModel Model { get; }

    public StepReader Reader { get; }

    /// <summary>Guesses as much as there is room for, unless it was asked to adapt; null without a drafter.</summary>
    public Speculator? Speculator { get; }

    /// <summary>Called with every step that was planned.</summary>
    public Action<Step>? Planned { get; set; }

    public static int[] Prompt(int seed, int length)
    {
        int[] ids = new int[length];
        for (int i = 0; i < length; i++)
            ids[i] = (int)(CounterRandom.Bits(seed, i) % Vocabulary);
        return ids;
    }

    public static EngineRequest Generate(int[] prompt, int maxTokens, SamplingOptions? sampling = null, ulong scope = 1) => new()
    {
        Scope = new CacheScope(0, scope),
        Kind = SequenceKind.Generate,
        Prompt = prompt,
        MaxTokens = maxTokens,
        Sampling = sampling ?? SamplingOptions.Greedy,
    };

    public static EngineRequest Score(int[] prompt, params int[][] choices) => new()
    {
        Scope = new CacheScope(0, 1),
        Kind = SequenceKind.Score,
        Prompt = prompt,
        Choices = choices,
    };

    public static EngineRequest Embed(int[] prompt) => new() { Scope = new CacheScope(0, 1), Kind = SequenceKind.Embed, Prompt = prompt };

    public Sequence Add(EngineRequest request)
    {
        Sequence sequence = new(request, RequestCheck.Capacity(request, _limits.ContextLength))
        {
            Seed = request.Sampling.Seed ?? 7,
            Mean = request.Kind == SequenceKind.Embed ? new RowMean(Model.HiddenSize) : null,
            ChoiceSums = new double[request.Choices.Count],
            Logprobs = request.Logprobs is null ? null : [],
        };
        for (int i = 0; i < request.Choices.Count; i++)
        {
            if (request.Choices[i].Length > 1)
                sequence.AddChoice(i, request.Choices[i]);
        }

        Planner.Add(sequence);
        return sequence;
    }

    public static int[] Generated(Sequence sequence) => sequence.Trunk.Tokens[sequence.PromptLength..sequence.Trunk.Length];

    /// <summary>Plans, runs and reads one step.</summary>
    public Step Step()
    {
        Step step = Next();
        Planned?.Invoke(step);
        Assert.InRange(step.Plan.Rows, 1, _limits.MaxStepTokens);
        Assert.InRange(step.Plan.Segments, 1, _limits.MaxSequences);
        Assert.InRange(step.Plan.Outputs, 0, _limits.MaxOutputs);
        Audit();
        RunPlanned(step);
        Audit();
        return step;
    }

    public Step Next()
    {
        _start = _clock.GetTimestamp();
        Speculator?.Guess(Planner.Running, Planner.Waiting > 0);
        return Planner.Next();
    }

    /// <summary>What <see cref="Step"/> does, without the checks, which allocate.</summary>
    public void RunPlanned(Step step)
    {
        Model.Steps.Run(step);
        Planner.Commit();
        Reader.Read(step, _finished);
        Speculator?.Observe(step, _clock.GetTimestamp() - _start);
        foreach (Sequence sequence in _finished)
            Planner.Retire(sequence, keep: true);
        _finished.Clear();
    }

    /// <summary>Steps until nothing waits; fails where that takes longer than <paramref name="most"/> steps.</summary>
    public int RunToEnd(int most = 20_000)
    {
        int steps = 0;
        for (; !Planner.Idle; steps++)
        {
            Assert.True(steps < most, $"still busy after {most} steps: {Planner.Running.Count} running, {Planner.Waiting} waiting");
            Step();
        }

        Assert.Equal(Cache.Pool.Total, Cache.Available);
        return steps;
    }

    public void Audit() => CacheAudit.Check(Cache, Planner.Running.SelectMany(sequence => sequence.Choices.Append(sequence.Trunk)).Select(lane => lane.Lease));
}
