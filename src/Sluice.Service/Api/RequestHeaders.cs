using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Sluice.Service.Api;

/// <summary>Reads the headers that a job may come with.</summary>
internal static class RequestHeaders
{
    public const int MaxWaitSeconds = 60;

    /// <summary><c>Idempotency-Key</c>, as a quoted structured string or bare; null where absent. Its rules are those of intake.</summary>
    public static string? IdempotencyKey(HttpRequest request)
    {
        StringValues values = request.Headers["Idempotency-Key"];
        if (values.Count == 0)
        {
            return null;
        }
        string text = values.ToString().Trim();
        return text is ['"', .., '"'] ? text[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal).Replace("\\\\", "\\", StringComparison.Ordinal) : text;
    }

    /// <summary>
    /// Seconds of <c>Prefer: wait=n</c> (RFC 7240) among other preferences, no more than 60; <c>wait</c> alone means 60; 0 where absent or unreadable, for
    /// a preference that is not understood is ignored.
    /// </summary>
    public static int WaitSeconds(HttpRequest request)
    {
        foreach (string? header in request.Headers["Prefer"])
        {
            foreach (string part in (header ?? "").Split([',', ';'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = part.IndexOf('=', StringComparison.Ordinal);
                string name = equals < 0 ? part : part[..equals].TrimEnd();
                if (!name.Equals("wait", StringComparison.OrdinalIgnoreCase))
                {
                    continue;
                }
                string value = equals < 0 ? "" : part[(equals + 1)..].Trim().Trim('"');
                if (value.Length == 0)
                {
                    return equals < 0 ? MaxWaitSeconds : 0;
                }
                bool digits = value.All(char.IsAsciiDigit);
                return !digits ? 0 : int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? Math.Min(seconds, MaxWaitSeconds) : MaxWaitSeconds;
            }
        }
        return 0;
    }
}
