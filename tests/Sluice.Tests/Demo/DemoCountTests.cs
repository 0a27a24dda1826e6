using Sluice.Cli.Demo;
using Sluice.Jobs;
using Sluice.Tuning.Tickets;
using Xunit;

namespace Sluice.Tests.Demo;

public sealed class DemoCountTests
{
    private static readonly DemoTicket s_first = Ticket("t1", "refund", "4711", "fresh");

    [Fact]
    public void An_answer_taken_from_the_ticket_that_is_repeated_is_no_false_hit() => Assert.Empty(DemoCount.FalseHits(
    [
        Score(s_first, AnswerSource.Engine, -1),
        Score(Ticket("t2", "refund", "4711", "reworded", sameAs: "t1"), AnswerSource.Cache, -1),
        Score(Ticket("t3", "refund", "4711", "repeat", sameAs: "t1"), AnswerSource.Twin, -1),
    ]));

    [Theory]
    [InlineData("refund", "4712")]
    [InlineData("cancel_order", "4711")]
    [InlineData("refund", "4711")]
    public void An_answer_that_a_lookalike_takes_is_a_false_hit_even_where_the_label_is_right(string label, string order)
    {
        DemoJob hit = Score(Ticket("t2", label, order, "lookalike", unlike: "t1"), AnswerSource.Cache, -1);
        Assert.Equal([hit], DemoCount.FalseHits([Score(s_first, AnswerSource.Engine, -1), hit]));
    }

    [Fact]
    public void An_answer_from_nowhere_is_a_false_hit() =>
        Assert.Single(DemoCount.FalseHits([Score(s_first, AnswerSource.Engine, -1), Score(Ticket("t2", "refund", "4711", "repeat", sameAs: "t1"), AnswerSource.Cache, -2)]));

    [Fact]
    public void A_cached_reply_that_names_the_order_of_another_ticket_is_a_false_hit()
    {
        const string Reply = """{"label":"refund","order":"9000"}""";
        DemoJob hit = Text(Ticket("t2", "refund", "4711", "repeat", sameAs: "t1"), AnswerSource.Cache, Reply);
        DemoJob[] jobs = [Text(s_first, AnswerSource.Engine, Reply), hit];
        Assert.Empty(DemoCount.FalseHits(jobs)); // the model garbled the number: wrong, but not by the cache
        Assert.Equal([hit], DemoCount.FalseHits([.. jobs, Score(Ticket("t3", "refund", "9000", "fresh"), AnswerSource.Engine, -3)]));
    }

    [Fact]
    public void Figures_count_jobs_tickets_and_what_was_late()
    {
        DemoTicket reworded = Ticket("t2", "refund", "4711", "reworded", sameAs: "t1");
        DemoFigures figures = DemoCount.Of(
            [
                Score(s_first, AnswerSource.Engine, -1, late: true),
                Score(reworded, AnswerSource.Cache, -1),
                Text(reworded, AnswerSource.Engine, "{}"),
                Score(Ticket("t3", "refund", "1", "fresh"), AnswerSource.Engine, -9),
            ],
            TimeSpan.FromSeconds(2),
            new Dictionary<string, long> { ["full"] = 2, ["engine_idle"] = 1 });

        Assert.Equal((3, 4, 0, 2.0, 3), (figures.Tickets, figures.Jobs, figures.Failed, figures.JobsPerS, figures.Batches));
        Assert.Equal((30, 18), (figures.PromptTokens, figures.PromptTokensComputed));
        Assert.Equal((new DemoHits(0, 1, 0), 0, new DemoDeadlines(3, 1)), (figures.CacheHits, figures.FalseHits, figures.Deadlines));
        Assert.Equal(new DemoShare(1, 0), figures.Reworded); // its reply ran
        Assert.Equal(0.6667, figures.LabelAccuracy);
    }

    [Fact]
    public void Close_reasons_are_those_of_the_model()
    {
        const string Text = "# TYPE sluice_batches_total counter\nsluice_batches_total{model=\"tickets\",reason=\"full\"} 7\nsluice_batches_total{reason=\"engine_idle\",model=\"tickets\"} 2\n"
            + "sluice_batches_total{model=\"other\",reason=\"full\"} 5\nsluice_batch_jobs_count{model=\"tickets\"} 9\n";
        Assert.Equal([new("engine_idle", 2), new("full", 7)], DemoMetrics.CloseReasons(Text, "tickets"));
    }

    private static DemoTicket Ticket(string id, string label, string order, string group, string? sameAs = null, string? unlike = null) => new()
    {
        Id = id,
        Text = id,
        Label = label,
        Order = order,
        Priority = "standard",
        Kind = "classify",
        DeadlineSeconds = 1,
        Group = group,
        SameAs = sameAs,
        Unlike = unlike,
        Wave = 1,
    };

    /// <summary>Says "refund", unless the score is below -8.</summary>
    private static DemoJob Score(DemoTicket ticket, AnswerSource source, double score, bool late = false) => new(ticket, IsReply: false, View(
        source, JobKind.Score, late, new JobOutput { Text = "refund", Logprob = score, Score = score }, new JobOutput { Index = 1, Text = "other", Logprob = -8, Score = -8 }));

    private static DemoJob Text(DemoTicket ticket, AnswerSource source, string text) => new(ticket, IsReply: true, View(source, JobKind.Generate, late: false, new JobOutput { Text = text }));

    private static JobView View(AnswerSource source, JobKind kind, bool late, params JobOutput[] outputs) => new()
    {
        Id = JobId.New(TimeProvider.System),
        State = JobState.Succeeded,
        Model = "tickets",
        Kind = kind,
        Priority = JobClass.Standard,
        Namespace = "default",
        CreatedAt = DateTimeOffset.UnixEpoch,
        FinishedAt = DateTimeOffset.UnixEpoch.AddSeconds(late ? 2 : 1),
        Deadline = DateTimeOffset.UnixEpoch.AddSeconds(1),
        Source = source,
        Cache = source == AnswerSource.Cache ? new CacheHit { Tier = "semantic", Entry = "ent" } : null,
        Outputs = outputs,
        Usage = new JobUsage { PromptTokens = 10, CachedTokens = 4, GeneratedTokens = 1 },
    };
}
