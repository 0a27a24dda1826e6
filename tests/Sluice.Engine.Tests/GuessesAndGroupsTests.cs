using Sluice.Engine.Cache;
using Sluice.Engine.Models;
using Sluice.Engine.Planning;
using Sluice.Engine.Quantization;
using Sluice.Engine.Sampling;
using Sluice.Engine.Speculation;
using Xunit;

namespace Sluice.Engine.Tests;

/// <summary>Guesses are rows of steps that attend to a common prefix together, over keys and values of any format: the tokens are those of neither.</summary>
public sealed class GuessesAndGroupsTests
{
    private const int Requests = 24, Prefix = 300, Generated = 24;

    public static readonly TheoryData<KvFormat, SpeculationKind, int> Settings =
        [.. from kv in new[] { KvFormat.Float32, KvFormat.BFloat16, KvFormat.Int8 } from kind in new[] { SpeculationKind.PromptLookup, SpeculationKind.DraftModel } from pages in new[] { 400, 60 } select (kv, kind, pages)];

    [Theory]
    [MemberData(nameof(Settings))]
    public void Tokens_are_those_without_guesses_shared_prefixes_and_groups(KvFormat kv, SpeculationKind kind, int pages)
    {
        Run plain = new(kv, SpeculationKind.Off, pages: 1000, together: false);
        Run run = new(kv, kind, pages, together: true);
        Assert.Equal((0, 0, 0), (plain.Grouped, plain.Drafted, plain.Preemptions));
        for (int i = 0; i < Requests; i++)
            Assert.Equal(plain.Tokens[i], run.Tokens[i]);
        Assert.True(run.Grouped > 0, "no step had both groups and guesses");
        Assert.True(run.Accepted > 0 && run.Accepted < run.Drafted, $"{run.Accepted} of {run.Drafted} guesses stood: some were meant to, and some to fall");
        Assert.Equal(pages < 100, run.Preemptions > 0);
    }

    private sealed class Run
    {
        public Run(KvFormat kv, SpeculationKind kind, int pages, bool together)
        {
            ModelOptions options = new() { Threads = 1, Kv = kv, GroupPrefixes = together, MaxSequences = Requests, MaxStepTokens = 200, KvBytes = 1 << 30 };
            using Model model = Load(DemoFolders.Model, options, pages);
            PrefixCache cache = new(new PagePool(pages), share: together);
            PlannerLimits limits = new(Requests, options.MaxStepTokens, options.MaxOutputs, model.Config.ContextLength);
            IDrafter? drafter = kind switch
            {
                SpeculationKind.DraftModel => new DraftModelDrafter(Load(DemoFolders.Draft, options, pages), share: true),
                SpeculationKind.PromptLookup => new PromptLookupDrafter(),
                _ => null,
            };
            using Speculator? speculator = drafter is null ? null : new Speculator(drafter, limits, 4, adaptive: false, TimeProvider.System);
            Planner planner = new(limits, cache) { Speculator = speculator };
            StepModel steps = new(model.Forward, model.Logits, model.Largest, model.Hidden, model.CopyPage);
            StepReader reader = new(steps, planner, model.Config.VocabularySize, []);
            Sequence[] all = [.. Enumerable.Range(0, Requests).Select(i => new Sequence(Request(i), model.Config.ContextLength))];
            foreach (Sequence sequence in all)
                planner.Add(sequence);
            List<Sequence> finished = [];
            for (int count = 0; !planner.Idle; count++)
            {
                Assert.True(count < 5000, $"still busy after {count} steps");
                speculator?.Guess(planner.Running, planner.Waiting > 0);
                Step step = planner.Next();
                steps.Run(step);
                Grouped += step.DraftedTokens > 0 && model.Groups?.Levels > 0 ? 1 : 0;
                planner.Commit();
                reader.Read(step, finished);
                foreach (Sequence sequence in finished)
                    planner.Retire(sequence, keep: true);
                finished.Clear();
            }

            CacheAudit.Check(cache, []);
            Tokens = [.. all.Select(s => s.Trunk.Tokens[s.PromptLength..s.Trunk.Length])];
            (Drafted, Accepted, Preemptions) = ((int)reader.DraftedTokens, (int)reader.AcceptedTokens, (int)planner.Preemptions);
        }

        public int[][] Tokens { get; }

        /// <summary>Steps with guesses in which something was attended to together.</summary>
        public int Grouped { get; }

        public int Drafted { get; }

        public int Accepted { get; }

        public int Preemptions { get; }

        private static Model Load(string folder, ModelOptions options, int pages) =>
            Model.Load(folder, options with { KvBytes = pages * ModelInspection.Read(folder, options).Memory.KvBytesPerPage });

        // Every other one repeats itself, so that there is something to look up.
        private static EngineRequest Request(int i) => new()
        {
            Scope = new CacheScope(1, 1),
            Kind = SequenceKind.Generate,
            Prompt = [.. Enumerable.Range(0, Prefix).Select(p => Id(-1, p)), .. Enumerable.Range(0, 5 + (3 * i)).Select(p => Id(i, i % 2 == 0 ? p : p % 6))],
            MaxTokens = Generated,
            IgnoreEnd = true,
        };

        private static int Id(int seed, int position) => (int)(CounterRandom.Bits(seed, position) % 1024);
    }
}
