using System.Net;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Webhooks;
using Xunit;

namespace Sluice.Tests.Webhooks;

public sealed class AddressRulesTests
{
    [Fact]
    public void Every_denied_address_is_denied_and_its_neighbours_are_not()
    {
        AddressPolicy policy = new(new WebhookOptions(), loopback: false);
        Assert.True(AddressVectors.Denied.Count >= 120);
        Assert.All(AddressVectors.Denied, text => Assert.NotNull(policy.Fault(Read(text), 443)));
        Assert.All(AddressVectors.Allowed, text => Assert.Null(policy.Fault(Read(text), 443)));
    }

    [Fact]
    public void An_operator_may_allow_private_networks_and_nothing_worse()
    {
        WebhookOptions options = new() { AllowNetworks = { "10.20.0.0/16", "fd12:3456::/32", "100.64.0.0/10" }, AllowAnyPort = true };
        AddressPolicy policy = new(options, loopback: false);
        Assert.True(new WebhookOptionsValidator().Validate(null, options).Succeeded);
        Assert.All(["10.20.0.1", "fd12:3456::1", "100.64.0.1", "::ffff:10.20.1.1"], text => Assert.Null(policy.Fault(Read(text), 22)));
        Assert.All(["10.21.0.1", "fd13::1", "100.100.100.200", "127.0.0.1", "169.254.169.254", "::1", "64:ff9b::10.20.0.1", "2002:a14:1::"], text => Assert.NotNull(policy.Fault(Read(text), 22)));
    }

    [Theory]
    [InlineData("0.0.0.0/0")]
    [InlineData("10.0.0.0/7")]
    [InlineData("127.0.0.0/8")]
    [InlineData("169.254.169.254/32")]
    [InlineData("::1/128")]
    [InlineData("fe80::/10")]
    [InlineData("8.8.8.0/24")]
    [InlineData("10.0.0.0/33")]
    [InlineData("intern")]
    public void What_is_no_private_network_cannot_be_allowed(string network) =>
        Assert.Contains($"'{network}'", new WebhookOptionsValidator().Validate(null, new WebhookOptions { AllowNetworks = { network } }).FailureMessage!, StringComparison.Ordinal);

    [Fact]
    public void Loopback_is_open_only_where_all_callers_are_the_users_own_and_metadata_never()
    {
        AddressPolicy embedded = new(new WebhookOptions(), loopback: true);
        Assert.Null(embedded.Fault(IPAddress.Loopback, 5000));
        Assert.Null(embedded.Fault(IPAddress.IPv6Loopback, 5000));
        Assert.NotNull(embedded.Fault(IPAddress.Parse("169.254.169.254"), 443));
        Assert.NotNull(embedded.Fault(IPAddress.Parse("10.0.0.1"), 443));
    }

    [Theory]
    [InlineData("http://example.org/", "https")]
    [InlineData("ftp://example.org/", "absolute https")]
    [InlineData("file:///etc/passwd", "absolute https")]
    [InlineData("gopher://example.org/", "absolute https")]
    [InlineData("/hook", "absolute https")]
    [InlineData("example.org", "absolute https")]
    [InlineData("https://", "absolute https")]
    [InlineData("https://user:pw@example.org/", "user")]
    [InlineData("https://@example.org/", "user")]
    [InlineData("https://example.org@127.0.0.1/", "user")]
    [InlineData("https://example.org\\@127.0.0.1/", "backslash")]
    [InlineData("https://exa mple.org/", "spaces")]
    [InlineData("https://example.org/\r\nX: y", "printable")]
    [InlineData("https://example.org/#part", "fragment")]
    [InlineData("https://example.org:22/", "port 22")]
    [InlineData("https://example.org:25/", "port 25")]
    [InlineData("https://example.org:5432/", "port 5432")]
    [InlineData("https://example.org:5672/", "port 5672")]
    [InlineData("https://example.org:15672/", "port 15672")]
    [InlineData("https://example.org:6379/", "port 6379")]
    [InlineData("https://example.org:2375/", "port 2375")]
    [InlineData("https://10.0.0.1/", "private")]
    [InlineData("https://localhost/", "machine")]
    public void A_url_that_may_not_be_called_is_refused_when_it_is_handed_in(string url, string says)
    {
        string? fault = Rules(new WebhookOptions()).Fault(url, out Uri? read);
        Assert.Null(read);
        Assert.Contains(says, fault, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://example.org/hooks?x=1")]
    [InlineData("https://example.org:8443/")]
    [InlineData("https://xn--mnchen-3ya.example/")]
    [InlineData("https://8.8.8.8/")]
    [InlineData("https://[2606:4700:4700::1111]/")]
    public void A_url_that_may_be_called_is_accepted(string url) => Assert.Null(Rules(new WebhookOptions()).Fault(url, out _));

    [Fact]
    public void No_spelling_of_a_denied_host_is_accepted() => Assert.All(AddressVectors.Spellings, host => Assert.NotNull(Rules(new WebhookOptions()).Fault($"https://{host}/", out _)));

    [Fact]
    public void Length_events_and_the_missing_key_are_named()
    {
        WebhookRules rules = Rules(new WebhookOptions());
        Assert.Null(rules.Fault("https://example.org/".PadRight(2048, 'x'), out _));
        Assert.Contains("2049", rules.Fault("https://example.org/".PadRight(2049, 'x'), out _), StringComparison.Ordinal);
        RequestErrors errors = new();
        rules.Check(new WebhookRequest { Events = ["job.failed", "job.exploded"] }, "webhook", errors);
        Assert.Equal(["webhook.url", "webhook.events[1]"], errors.All.Select(error => error.Field));
        errors = new();
        new WebhookRules(new WebhookOptions(), new AddressPolicy(new WebhookOptions(), false), new SecretBox(null)).Check(new WebhookRequest { Url = "https://example.org/" }, "webhook", errors);
        Assert.Contains("Webhooks:SecretKey", Assert.Single(errors.All).Message, StringComparison.Ordinal);
    }

    private static IPAddress Read(string text) => AddressRules.Plain(IPAddress.Parse(text));

    private static WebhookRules Rules(WebhookOptions options) => new(options, new AddressPolicy(options, loopback: false), SecretBox.Open(options, embedded: true));
}
