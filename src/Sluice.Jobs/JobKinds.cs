using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>What a job asks of the model.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<JobKind>))]
public enum JobKind
{
    /// <summary>Continue the prompt.</summary>
    Generate = 0,

    /// <summary>Log-likelihood of each given choice as the prompt's continuation.</summary>
    Score = 1,

    /// <summary>One L2-normalised vector for the prompt.</summary>
    Embed = 2,
}

/// <summary>Who waits for the answer. Each class has its own queue; earlier ones go first.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<JobClass>))]
public enum JobClass
{
    Interactive = 0,
    Standard = 1,
    Bulk = 2,
}

/// <summary>What happens to a job that cannot make its deadline.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<OnLate>))]
public enum OnLate
{
    /// <summary>Accepted; expired once its deadline cannot be met, before it burns compute.</summary>
    Expire = 0,

    /// <summary>Runs late.</summary>
    Run = 1,

    /// <summary>Refused at submit when the quote says late.</summary>
    Reject = 2,
}

/// <summary>Which tiers of the response cache may answer.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<CacheMode>))]
public enum CacheMode
{
    /// <summary>Always computed, never stored for others.</summary>
    Off = 0,

    /// <summary>The same request, byte for byte.</summary>
    Exact = 1,

    /// <summary>Also a request whose text means the same.</summary>
    Semantic = 2,
}

/// <summary>Where a succeeded job's answer came from.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<AnswerSource>))]
public enum AnswerSource
{
    Engine = 0,
    Cache = 1,

    /// <summary>An equal job that was already queued or running.</summary>
    Twin = 2,
}

/// <summary>What a choice's log-likelihood is divided by.</summary>
[JsonConverter(typeof(LowerCaseEnumConverter<Normalization>))]
public enum Normalization
{
    None = 0,

    /// <summary>By the choice's token count.</summary>
    Tokens = 1,

    /// <summary>By the choice's UTF-8 byte count.</summary>
    Bytes = 2,
}
