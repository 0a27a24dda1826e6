using System.Net;
using Sluice.Jobs;
using Sluice.Service.Intake;

namespace Sluice.Service.Webhooks;

/// <summary>
/// What a webhook may be when it is handed in, and again before each attempt, for settings change. A name is not looked up here:
/// what it leads to is judged where it is dialled.
/// </summary>
internal sealed class WebhookRules(WebhookOptions options, AddressPolicy policy, SecretBox box)
{
    public const int MaxUrl = 2048;
    public const int MaxEvents = 16;

    public void Check(WebhookRequest webhook, string field, RequestErrors errors)
    {
        string url = field.Length == 0 ? "url" : $"{field}.url", events = field.Length == 0 ? "events" : $"{field}.events";
        if (!box.IsReady)
        {
            errors.NotSupported(field.Length == 0 ? "body" : field, "this service has no key to keep webhook secrets under; its operator sets Webhooks:SecretKey or Webhooks:SecretKey_FILE.");
            return;
        }
        if (string.IsNullOrEmpty(webhook.Url))
        {
            errors.Required(url);
        }
        else if (Fault(webhook.Url, out _) is string fault)
        {
            errors.Add(url, $"{url} {fault}; got {TextRules.Quote(webhook.Url)}.", webhook.Url.Length > MaxUrl ? "too_long" : "invalid");
        }
        if (webhook.Events is { } wanted)
        {
            CheckEvents(wanted, events, field.Length == 0 ? WebhookEvents.All : WebhookEvents.OfJobs, errors);
        }
    }

    /// <summary>Null and the URL, or what is wrong with it.</summary>
    public string? Fault(string text, out Uri? url)
    {
        url = null;
        if (text.Length > MaxUrl)
        {
            return $"may have at most {MaxUrl} characters, it has {text.Length}";
        }
        if (text.AsSpan().ContainsAnyExceptInRange('!', '~') || text.Contains('\\', StringComparison.Ordinal))
        {
            return "must be printable ASCII without spaces or backslashes (names in punycode, the rest percent-encoded)";
        }
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? read) || read.Scheme is not ("https" or "http") || read.Host.Length == 0 || !read.IsWellFormedOriginalString())
        {
            return "must be an absolute https URL";
        }
        if (read.UserInfo.Length > 0 || Authority(text).Contains('@', StringComparison.Ordinal))
        {
            return "must not hold a user or a password";
        }
        if (read.Fragment.Length > 0)
        {
            return "must not have a fragment";
        }
        if (HostFault(read) is string fault)
        {
            return fault;
        }
        url = read;
        return null;
    }

    private static string Authority(string url)
    {
        string rest = url[(url.IndexOf("//", StringComparison.Ordinal) + 2)..];
        int end = rest.AsSpan().IndexOfAny('/', '?', '#');
        return end < 0 ? rest : rest[..end];
    }

    private string? HostFault(Uri url)
    {
        string host = HostNames.Plain(url.IdnHost);
        bool local = host is "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal);
        if (HostNames.TryReadAddress(host, out IPAddress? address))
        {
            local = AddressRules.IsLoopback(address);
            if (policy.Fault(address, url.Port) is string fault)
            {
                return $"names {address}: {fault}";
            }
        }
        else if (HostNames.EndsInNumber(host))
        {
            return "has a host that is neither a name nor an address";
        }
        if (local && !policy.AllowsLoopback)
        {
            return "names this machine, which is not called";
        }
        if (url.Scheme == "http" && !options.AllowHttp && !local)
        {
            return "must be https";
        }
        return local ? null : policy.PortFault(url.Port);
    }

    private static void CheckEvents(IReadOnlyList<string> wanted, string field, IReadOnlyList<string> known, RequestErrors errors)
    {
        if (wanted.Count is 0 or > MaxEvents)
        {
            errors.Add(field, $"{field} must have 1 to {MaxEvents} names, or be left out for all; got {wanted.Count}.");
        }
        for (int i = 0; i < Math.Min(wanted.Count, MaxEvents); i++)
        {
            if (!known.Contains(wanted[i]))
            {
                errors.Add($"{field}[{i}]", $"{field}[{i}] must be one of {string.Join(", ", known.Select(name => $"'{name}'"))}; got {TextRules.Quote(wanted[i] ?? "")}.");
            }
        }
    }
}
