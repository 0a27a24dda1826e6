using System.Globalization;
using System.Net;
using Microsoft.Extensions.Options;

namespace Sluice.Service.Webhooks;

/// <summary>What attributes cannot say about <see cref="WebhookOptions"/>. The key's value is never shown.</summary>
internal sealed class WebhookOptionsValidator : IValidateOptions<WebhookOptions>
{
    public ValidateOptionsResult Validate(string? name, WebhookOptions options)
    {
        List<string> errors = [];
        if (options.SecretKey is not null && !SecretBox.TryReadKey(options.SecretKey, out _))
        {
            errors.Add($"Webhooks:SecretKey must be {SecretBox.KeyBytes} bytes as base64 (openssl rand -base64 32).");
        }
        foreach (string network in options.AllowNetworks)
        {
            if (!IPNetwork.TryParse(network, out IPNetwork read))
            {
                errors.Add($"Webhooks:AllowNetworks: '{network}' is no network such as 10.20.0.0/16.");
            }
            else if (!AddressRules.MayBeAllowed(read))
            {
                errors.Add($"Webhooks:AllowNetworks: '{network}' is not within a private network; may be allowed: {AddressRules.Allowable}.");
            }
        }
        errors.AddRange(options.Ports.Where(port => port is < 1 or > 65535).Select(port => $"Webhooks:Ports: must be from 1 to 65535; got '{port.ToString(CultureInfo.InvariantCulture)}'."));
        if (options.PublicUrl is { } url && !(Uri.TryCreate(url, UriKind.Absolute, out Uri? read2) && read2.Scheme is "http" or "https"))
        {
            errors.Add($"Webhooks:PublicUrl must be an absolute http or https URL; got '{url}'.");
        }
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
