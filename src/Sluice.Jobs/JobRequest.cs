using System.Text.Json;
using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>What a caller asks for: the body of <c>POST /v1/jobs</c> and of a <see cref="Messages.SubmitJob"/>. Unknown members are refused.</summary>
public sealed record JobRequest
{
    /// <summary>A name from <c>GET /v1/models</c>. Required.</summary>
    [JsonPropertyName("model")]
    public string? Model { get; init; }

    [JsonPropertyName("kind")]
    public JobKind Kind { get; init; } = JobKind.Generate;

    /// <summary>The text to run. Exactly one of this and <see cref="Messages"/>.</summary>
    [JsonPropertyName("prompt")]
    public string? Prompt { get; init; }

    /// <summary>A conversation, rendered by the model's chat template.</summary>
    [JsonPropertyName("messages")]
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>
    /// A name of the caller's own, letters, digits, <c>._-:</c>, up to 128: the engine keeps what it computed for the next job of this name in the same tenant
    /// and <c>cache.namespace</c>, as long as there is room. It changes no answer.
    /// </summary>
    [JsonPropertyName("conversation")]
    public string? Conversation { get; init; }

    [JsonPropertyName("parameters")]
    public JobParameters? Parameters { get; init; }

    /// <summary>Score only: the continuations to compare, 1 to 256.</summary>
    [JsonPropertyName("choices")]
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>Score only.</summary>
    [JsonPropertyName("normalization")]
    public Normalization? Normalization { get; init; }

    /// <summary>Finish by, RFC 3339. Not together with <see cref="Ttl"/>.</summary>
    [JsonPropertyName("deadline")]
    public DateTimeOffset? Deadline { get; init; }

    /// <summary>Finish within this many seconds of acceptance.</summary>
    [JsonPropertyName("ttl")]
    public double? Ttl { get; init; }

    [JsonPropertyName("on_late")]
    public OnLate? OnLate { get; init; }

    [JsonPropertyName("priority")]
    public JobClass? Priority { get; init; }

    [JsonPropertyName("cache")]
    public CacheRequest? Cache { get; init; }

    [JsonPropertyName("webhook")]
    public WebhookRequest? Webhook { get; init; }

    /// <summary>Up to 16 pairs, keys up to 64 characters, values up to 512; handed back as given.</summary>
    [JsonPropertyName("metadata")]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    [JsonPropertyName("adapter")]
    public string? Adapter { get; init; }

    [JsonPropertyName("response_format")]
    public JsonElement? ResponseFormat { get; init; }

    [JsonPropertyName("stream")]
    public bool? Stream { get; init; }
}

/// <summary>One turn of a conversation.</summary>
public sealed record ChatMessage
{
    [JsonPropertyName("role")]
    public string? Role { get; init; }

    [JsonPropertyName("content")]
    public string? Content { get; init; }
}

/// <summary>How the model is to answer. Absent members take the defaults named beside them.</summary>
public sealed record JobParameters
{
    /// <summary>1 or more; 128.</summary>
    [JsonPropertyName("max_tokens")]
    public int? MaxTokens { get; init; }

    /// <summary>0 (greedy) to 2; 0.</summary>
    [JsonPropertyName("temperature")]
    public double? Temperature { get; init; }

    /// <summary>Above 0, up to 1; 1.</summary>
    [JsonPropertyName("top_p")]
    public double? TopP { get; init; }

    /// <summary>0 (all) or more; 0.</summary>
    [JsonPropertyName("top_k")]
    public int? TopK { get; init; }

    /// <summary>0 to 1; 0.</summary>
    [JsonPropertyName("min_p")]
    public double? MinP { get; init; }

    /// <summary>-2 to 2; 0.</summary>
    [JsonPropertyName("frequency_penalty")]
    public double? FrequencyPenalty { get; init; }

    /// <summary>-2 to 2; 0.</summary>
    [JsonPropertyName("presence_penalty")]
    public double? PresencePenalty { get; init; }

    /// <summary>Above 0, up to 2; 1.</summary>
    [JsonPropertyName("repetition_penalty")]
    public double? RepetitionPenalty { get; init; }

    /// <summary>Token ids, as texts, and what is added to their logits before all else, -100 to 100; up to 300.</summary>
    [JsonPropertyName("logit_bias")]
    public IReadOnlyDictionary<string, double>? LogitBias { get; init; }

    /// <summary>The same seed gives the same answer.</summary>
    [JsonPropertyName("seed")]
    public long? Seed { get; init; }

    /// <summary>Up to 16 texts, each up to 256 characters; generation ends before the first that appears.</summary>
    [JsonPropertyName("stop")]
    public IReadOnlyList<string>? Stop { get; init; }

    /// <summary>0 to 20 most likely alternatives per generated token.</summary>
    [JsonPropertyName("logprobs")]
    public int? Logprobs { get; init; }
}

/// <summary>How the response cache may be used for a job.</summary>
public sealed record CacheRequest
{
    /// <summary>Semantic where the job is deterministic (temperature 0 or a seed), else off.</summary>
    [JsonPropertyName("mode")]
    public CacheMode? Mode { get; init; }

    /// <summary>Letters, digits, <c>._-</c>, up to 64; <c>default</c>. Entries never cross namespaces.</summary>
    [JsonPropertyName("namespace")]
    public string? Namespace { get; init; }

    /// <summary>Only tighter than the service's own.</summary>
    [JsonPropertyName("min_similarity")]
    public double? MinSimilarity { get; init; }

    /// <summary>Seconds that the answer may serve others; 86,400.</summary>
    [JsonPropertyName("ttl")]
    public double? Ttl { get; init; }
}

/// <summary>
/// Where to tell that the job has ended: a POST by Standard Webhooks 1.0.0, at least once, always with the same id and bytes.
/// A job's own webhook is signed with its tenant's secret, which <c>POST /v1/webhooks/jobs/rotate</c> shows; an endpoint of <c>/v1/webhooks</c> has one of its own.
/// </summary>
public sealed record WebhookRequest
{
    /// <summary>Absolute, https, up to 2,048 characters; port 443 or 8443 unless the service allows others. Required.</summary>
    [JsonPropertyName("url")]
    public string? Url { get; init; }

    /// <summary><c>job.succeeded</c>, <c>job.failed</c>, <c>job.expired</c>, <c>job.cancelled</c>, or <c>job.finished</c> for any; any where absent.</summary>
    [JsonPropertyName("events")]
    public IReadOnlyList<string>? Events { get; init; }
}
