using Sluice.Engine.Planning;
using Xunit;
using static Sluice.Engine.Tests.Planning.PlannerRig;

namespace Sluice.Engine.Tests.Planning;

/// <summary>Random histories: arrivals, cancellations and faults between steps, on pools from roomy to far too small.</summary>
public sealed class PlannerHistoryTests
{
    private const int Context = 160;

    private readonly Dictionary<Sequence, Func<object>> _expected = [];
    private readonly Dictionary<string, object> _answers = [];

    [Theory]
    [InlineData(1, 64, 32, 8, 400)]
    [InlineData(2, 12, 32, 8, 400)]
    [InlineData(3, 12, 5, 8, 400)]
    [InlineData(4, 11, 1, 3, 250)]
    [InlineData(5, 14, 16, 16, 600)]
    [InlineData(6, 30, 200, 32, 600)]
    public void Whatever_comes_and_goes_each_that_ends_ends_right(int seed, int pages, int stepTokens, int sequences, int count)
    {
        Random random = new(seed);
        PlannerRig rig = new(pages, stepTokens, sequences, context: Context);
        List<Sequence> open = [];
        int ended = 0;
        int added = 0;
        for (int step = 0; added < count || !rig.Planner.Idle; step++)
        {
            Assert.True(step < 200_000, "the history does not come to an end");
            while (added < count && random.Next(3) == 0)
            {
                open.Add(Next(rig, random));
                added++;
            }

            if (random.Next(40) == 0 && open.Count > 0)
            {
                Sequence gone = open[random.Next(open.Count)];
                open.Remove(gone);
                rig.Planner.Retire(gone, keep: random.Next(2) == 0);
                rig.Audit();
            }

            if (!rig.Planner.Idle)
                rig.Step();
            foreach (Sequence sequence in open.Where(s => s.Ended))
                ended += Check(sequence);
            open.RemoveAll(s => s.Ended);
        }

        Assert.Equal(pages, rig.Cache.Available);
        Assert.True(ended > count / 3, $"{ended} of {count} came to their end");
        Assert.True(rig.Planner.ComputedTokens <= rig.Planner.PromptTokens);
    }

    private Sequence Next(PlannerRig rig, Random random)
    {
        // A few families of prompts, in two scopes, so that prefixes are shared at every length.
        int[] prompt = Prompt(random.Next(3), random.Next(1, 90));
        ulong scope = (ulong)random.Next(2);
        int most = random.Next(1, 60);
        EngineRequest request = random.Next(4) switch
        {
            0 => Score(prompt, [.. Enumerable.Range(0, random.Next(1, 7)).Select(i => Prompt(i, 1 + ((i * 5) % 17)))]),
            1 => Embed(prompt),
            _ => Generate(prompt, most),
        } with
        { Scope = new CacheScope(3, scope), Class = random.Next(3) };
        Sequence sequence = rig.Add(request);
        _expected[sequence] = () => request.Kind switch
        {
            SequenceKind.Generate => rig.Model.Greedy(prompt, Math.Min(most, Context - prompt.Length)),
            SequenceKind.Embed => AnswersTests.Mean(rig, prompt),
            _ => AnswersTests.Sums(rig, request),
        };
        return sequence;
    }

    private int Check(Sequence sequence)
    {
        string key = $"{sequence.Request.Kind} {string.Join(',', sequence.Request.Prompt)} {sequence.Request.MaxTokens} {sequence.Request.Choices.Count}";
        if (!_answers.TryGetValue(key, out object? expected))
            _answers.Add(key, expected = _expected[sequence]());
        Assert.Null(sequence.Failure);
        object found = sequence.Request.Kind switch
        {
            SequenceKind.Generate => Generated(sequence),
            SequenceKind.Embed => sequence.Mean!.Unit(),
            _ => sequence.ChoiceSums,
        };
        Assert.Equal(expected, found);
        return 1;
    }
}
