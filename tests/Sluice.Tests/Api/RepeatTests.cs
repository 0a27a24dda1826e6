using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Sluice.Jobs;
using Sluice.Service.Access;
using Sluice.Service.Intake;
using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Api;

/// <summary>Jobs that are sent again, under their key, where a new one would be refused by now.</summary>
public sealed class RepeatTests
{
    private const string Job = """{"model":"stub","prompt":"Hello","parameters":{"max_tokens":50}}""";
    private static readonly Caller s_caller = new("default", KeyScopes.Submit);

    [Fact]
    public async Task A_repeat_is_answered_with_its_job_though_no_more_may_wait()
    {
        await using ApiHost host = await ApiHost.StartAsync(new() { ["Intake:QueuedTokensPerTenant"] = "80" });
        JobView first = await host.SubmitAsync(Job, ("Idempotency-Key", "once"));
        using HttpResponseMessage again = await host.PostAsync(Job, ("Idempotency-Key", "once"));
        using HttpResponseMessage other = await host.PostAsync(Job, ("Idempotency-Key", "twice"));

        Assert.Equal(HttpStatusCode.Accepted, again.StatusCode);
        Assert.Equal(first.Id, (await ApiHost.JobAsync(again)).Id);
        Assert.Equal("true", Assert.Single(again.Headers.GetValues("Idempotent-Replayed")));
        Assert.Equal(HttpStatusCode.TooManyRequests, other.StatusCode);
    }

    [Fact]
    public async Task A_repeat_is_answered_with_its_job_though_its_deadline_has_passed()
    {
        await using ApiHost host = await ApiHost.StartAsync();
        JobIntake now = host.Parts.GetRequiredService<JobIntake>(), later = ActivatorUtilities.CreateInstance<JobIntake>(host.Parts, new Later(TimeSpan.FromHours(1)));
        JobRequest request = new() { Model = "stub", Prompt = "Hello", Deadline = TimeProvider.System.GetUtcNow().AddMinutes(30) };
        SubmitOptions submit = new() { IdempotencyKey = "once" };
        CancellationToken token = TestContext.Current.CancellationToken;
        IntakeResult.Accepted first = Assert.IsType<IntakeResult.Accepted>(await now.SubmitAsync(s_caller, request, submit, token));
        IntakeResult.Accepted again = Assert.IsType<IntakeResult.Accepted>(await later.SubmitAsync(s_caller, request, submit, token));

        Assert.Equal((first.Job.Id, SubmitOutcome.Replayed), (again.Job.Id, again.Outcome));
        Assert.IsType<IntakeResult.Invalid>(await later.SubmitAsync(s_caller, request with { Prompt = "Goodbye" }, submit, token));
        Assert.IsType<IntakeResult.Invalid>(await later.SubmitAsync(s_caller, request, submit with { IdempotencyKey = "another" }, token));
        Assert.IsType<IntakeResult.Invalid>(await later.SubmitAsync(s_caller, request with { Prompt = "\ud800" }, submit, token));
        Assert.IsType<IntakeResult.Invalid>(await later.SubmitAsync(new Caller("rival", KeyScopes.Submit), request, submit, token));
    }

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
