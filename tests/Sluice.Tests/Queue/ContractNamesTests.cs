using System.Text.Json;
using MassTransit.Serialization;
using Sluice.Jobs;
using Sluice.Jobs.Messages;
using Xunit;

namespace Sluice.Tests.Queue;

/// <summary>The contract's JSON under a producer's or listener's own serializer, whose naming is camel case.</summary>
public sealed class ContractNamesTests
{
    private static readonly JsonSerializerOptions s_bus = SystemTextJsonMessageSerializer.Options;

    private static readonly SubmitJob s_submit = new()
    {
        IdempotencyKey = "k",
        Job = new JobRequest
        {
            Model = "stub",
            Kind = JobKind.Score,
            Prompt = "p",
            Messages = [new ChatMessage { Role = "user", Content = "c" }],
            Parameters = new JobParameters
            {
                MaxTokens = 1,
                Temperature = 0.5,
                TopP = 0.5,
                TopK = 2,
                MinP = 0.1,
                FrequencyPenalty = 1,
                PresencePenalty = 1,
                RepetitionPenalty = 1,
                LogitBias = new Dictionary<string, double> { ["7"] = -1.5 },
                Seed = 3,
                Stop = ["s"],
                Logprobs = 4,
            },
            Conversation = "c",
            Choices = ["a", "b"],
            Normalization = Normalization.Tokens,
            Deadline = new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero),
            Ttl = 5,
            OnLate = OnLate.Run,
            Priority = JobClass.Bulk,
            Cache = new CacheRequest { Mode = CacheMode.Exact, Namespace = "n", MinSimilarity = 0.9, Ttl = 6 },
            Webhook = new WebhookRequest { Url = "https://example.org", Events = ["job.finished"] },
            Metadata = new Dictionary<string, string> { ["keptAsGiven"] = "v" },
            Adapter = "x",
            Stream = false,
        },
    };

    [Fact]
    public void A_submit_has_the_same_names_from_any_serializer()
    {
        string own = JsonSerializer.Serialize(s_submit, JobsJson.Default.SubmitJob);
        string theirs = JsonSerializer.Serialize(s_submit, s_bus);
        Assert.Equal(Names(own), Names(theirs));
        Assert.Contains("job.parameters.repetition_penalty", Names(theirs));
        SubmitJob read = JsonSerializer.Deserialize(theirs, JobsJson.Default.SubmitJob)!;
        Assert.Equal(own, JsonSerializer.Serialize(read, JobsJson.Default.SubmitJob));
    }

    [Fact]
    public void What_the_service_tells_reads_with_any_serializer()
    {
        JobFinished finished = new()
        {
            Id = JobId.New(TimeProvider.System),
            Tenant = "t",
            State = JobState.Failed,
            CustomId = "c",
            IdempotencyKey = "k",
            FinishedAt = DateTimeOffset.UnixEpoch,
            ErrorCode = "poison",
        };
        Assert.Equal(finished, JsonSerializer.Deserialize<JobFinished>(JsonSerializer.Serialize(finished, JobsJson.Default.JobFinished), s_bus));
        JobRejected rejected = new() { IdempotencyKey = "k", Tenant = "t", Errors = [new FieldError("model", "none", "required")] };
        JobRejected read = JsonSerializer.Deserialize<JobRejected>(JsonSerializer.Serialize(rejected, JobsJson.Default.JobRejected), s_bus)!;
        Assert.Equal(("k", "t"), (read.IdempotencyKey, read.Tenant));
        Assert.Equal(rejected.Errors, read.Errors);
    }

    /// <summary>Paths of all members that are not null, in order.</summary>
    private static string[] Names(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return [.. Walk(document.RootElement, "").Order(StringComparer.Ordinal)];

        static IEnumerable<string> Walk(JsonElement element, string path) => element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Walk(member.Value, path.Length == 0 ? member.Name : $"{path}.{member.Name}")),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(item => Walk(item, $"{path}[]")),
            JsonValueKind.Null => [],
            _ => [path],
        };
    }
}
