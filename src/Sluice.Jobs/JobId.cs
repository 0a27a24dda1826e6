using System.Text.Json.Serialization;

namespace Sluice.Jobs;

/// <summary>A job's identity: a UUIDv7 (RFC 9562), shown as <c>job_</c> and 32 lower-case hex digits.</summary>
/// <param name="Value">The UUID, as stored.</param>
[JsonConverter(typeof(JobIdConverter))]
public readonly record struct JobId(Guid Value)
{
    public const string Prefix = "job_";

    /// <summary>A new id whose leading bits are the time, so that ids sort by age.</summary>
    public static JobId New(TimeProvider time) => new(Guid.CreateVersion7(time.GetUtcNow()));

    /// <summary>Reads <c>job_</c> + 32 hex digits; anything else is false.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out JobId id)
    {
        id = default;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || !Guid.TryParseExact(text[Prefix.Length..], "N", out Guid value))
        {
            return false;
        }
        id = new JobId(value);
        return true;
    }

    public override string ToString() => $"{Prefix}{Value:N}";
}
