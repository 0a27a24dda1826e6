using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Sluice.Service.Queue;
using Xunit;

namespace Sluice.Tests.Queue;

public sealed class QueueOptionsTests
{
    private static ValidateOptionsResult Validate(params (string Setting, string Value)[] settings)
    {
        QueueOptions options = new();
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Setting, s => (string?)s.Value)).Build().Bind(options);
        return new QueueOptionsValidator().Validate(null, options);
    }

    [Fact]
    public void The_defaults_are_valid() => Assert.True(Validate().Succeeded);

    [Theory]
    [InlineData("RelayPoll", "00:00:00", "Queue:RelayPoll must be above zero; it is 00:00:00.")]
    [InlineData("PublishTimeout", "-00:00:01", "Queue:PublishTimeout must be above zero; it is -00:00:01.")]
    [InlineData("RelayBackoff", "00:00:00", "Queue:RelayBackoff must be above zero; it is 00:00:00.")]
    [InlineData("RelayBackoff", "00:00:00.2", "Queue:RelayBackoff must be at least Queue:RelayPoll (00:00:00.2500000); it is 00:00:00.2000000.")]
    [InlineData("RelayPoll", "00:00:03", "Queue:RelayBackoff must be at least Queue:RelayPoll (00:00:03); it is 00:00:02.")]
    public void A_bad_time_is_named_with_its_value(string setting, string value, string says) =>
        Assert.Equal(says, Assert.Single(Validate((setting, value)).Failures!));

    [Fact]
    public void The_longest_pause_may_be_the_only_one() => Assert.True(Validate(("RelayPoll", "00:00:02")).Succeeded);

    [Theory]
    [InlineData("http://user:secret@broker/")]
    [InlineData("broker:5672")]
    [InlineData("")]
    public void An_address_that_is_no_brokers_is_refused_without_repeating_its_password(string host)
    {
        string failure = Assert.Single(Validate(("Host", host)).Failures!);
        Assert.Equal("Queue:Host must be an amqp:// or amqps:// address.", failure);
    }

    [Theory]
    [InlineData("amqp://user:secret@broker:5672/vhost")]
    [InlineData("amqps://broker")]
    public void A_brokers_address_is_taken(string host) => Assert.True(Validate(("Host", host)).Succeeded);

    [Fact]
    public void The_in_memory_transport_asks_for_no_address() => Assert.True(Validate(("Transport", "InMemory"), ("Host", "none")).Succeeded);
}
