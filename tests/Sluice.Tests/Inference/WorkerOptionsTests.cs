using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Sluice.Service.Inference;
using Xunit;

namespace Sluice.Tests.Inference;

public sealed class WorkerOptionsTests
{
    private static ValidateOptionsResult Validate(params (string Setting, string Value)[] settings)
    {
        WorkerOptions options = new();
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Setting, s => (string?)s.Value)).Build().Bind(options);
        return new WorkerOptionsValidator().Validate(null, options);
    }

    [Fact]
    public void The_defaults_are_valid() => Assert.True(Validate().Succeeded);

    [Theory]
    [InlineData("HeartbeatInterval", "00:00:00", "Worker:HeartbeatInterval must be above zero; it is 00:00:00.")]
    [InlineData("ReconcileInterval", "-00:00:01", "Worker:ReconcileInterval must be above zero; it is -00:00:01.")]
    [InlineData("TicketTimeout", "00:00:00", "Worker:TicketTimeout must be above zero; it is 00:00:00.")]
    [InlineData("LostInterval", "00:00:00", "Worker:LostInterval must be above zero; it is 00:00:00.")]
    [InlineData("InventoryInterval", "00:00:00", "Worker:InventoryInterval must be above zero; it is 00:00:00.")]
    [InlineData("ReportInterval", "00:00:00", "Worker:ReportInterval must be above zero; it is 00:00:00.")]
    [InlineData("CostInterval", "00:00:00", "Worker:CostInterval must be above zero; it is 00:00:00.")]
    [InlineData("StealAfter", "00:00:00", "Worker:StealAfter must be above zero; it is 00:00:00.")]
    [InlineData("StealBackoff", "00:00:00", "Worker:StealBackoff must be above zero; it is 00:00:00.")]
    [InlineData("HeartbeatTimeout", "00:00:09", "Worker:HeartbeatTimeout must be at least twice Worker:HeartbeatInterval (00:00:05); it is 00:00:09.")]
    [InlineData("StallTimeout", "00:00:09", "Worker:StallTimeout must be at least 00:00:10; it is 00:00:09.")]
    [InlineData("DrainTime", "00:00:23", "Worker:DrainTime must be 0 to 00:00:22, so that the process ends within 25 s; it is 00:00:23.")]
    [InlineData("DrainTime", "-00:00:01", "Worker:DrainTime must be 0 to 00:00:22, so that the process ends within 25 s; it is -00:00:01.")]
    [InlineData("TenantWeights:acme", "0", "Worker:TenantWeights:acme must be above zero; it is 0.")]
    [InlineData("StubDelay", "-00:00:01", "Worker:StubDelay must be 0 or more; it is -00:00:01.")]
    public void A_bad_setting_is_named_with_its_limit_and_value(string setting, string value, string says) =>
        Assert.Equal(says, Assert.Single(Validate((setting, value)).Failures!));

    [Theory]
    [InlineData("DrainTime", "00:00:22")]
    [InlineData("DrainTime", "00:00:00")]
    [InlineData("HeartbeatTimeout", "00:00:10")]
    [InlineData("StubDelay", "00:00:00")]
    public void A_time_at_its_limit_is_valid(string setting, string value) => Assert.True(Validate((setting, value)).Succeeded);

    [Fact]
    public void All_faults_are_named_at_once() =>
        Assert.Equal(2, Validate(("StealAfter", "00:00:00"), ("DrainTime", "00:01:00")).Failures!.Count());
}
