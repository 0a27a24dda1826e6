using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Sluice.Service.Access;
using Sluice.Service.Api;
using Sluice.Service.Intake;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>/v1/schedules. A schedule goes by its id or its name; one of another tenant does not exist.</summary>
internal static class ScheduleRoutes
{
    private const int ShownRuns = 10, MostRuns = 100;

    public static void MapSchedules(this IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder schedules = routes.MapGroup("/v1/schedules").WithTags("schedules");
        schedules.MapPost("", CreateAsync)
            .Needs(KeyScopes.Admin).WithName("createSchedule").WithSummary("Have rows of a file or a query run as jobs, again and again.")
            .Accepts<ScheduleRequest>("application/json").Answers<ScheduleView>(201).Fails(400, 401, 403, 409, 413, 415, 503);
        schedules.MapGet("", ListAsync)
            .Needs(KeyScopes.Read).WithName("listSchedules").WithSummary("Schedules by name, with their next times.")
            .Answers<SchedulePage>(200).Fails(401, 403, 503);
        schedules.MapGet("{id}", GetAsync)
            .Needs(KeyScopes.Read).WithName("getSchedule").WithSummary("A schedule, its next times and its last runs.")
            .Answers<ScheduleView>(200).Fails(401, 403, 404, 503);
        schedules.MapPut("{id}", ReplaceAsync)
            .Needs(KeyScopes.Admin).WithName("replaceSchedule").WithSummary("Replace all of a schedule; runs under way go on as they began.")
            .Accepts<ScheduleRequest>("application/json").Answers<ScheduleView>(200).Fails(400, 401, 403, 404, 409, 413, 415, 503);
        schedules.MapDelete("{id}", DeleteAsync)
            .Needs(KeyScopes.Admin).WithName("deleteSchedule").WithSummary("Remove a schedule; runs under way go on.")
            .Produces(StatusCodes.Status204NoContent).Fails(401, 403, 404, 503);
        schedules.MapPost("{id}/run", RunAsync)
            .Needs(KeyScopes.Admin).WithName("runSchedule").WithSummary("Run now, paused or not, by the schedule's overlap policy.")
            .Answers<ScheduleRunView>(202).Fails(401, 403, 404, 409, 503);
        schedules.MapPost("{id}/pause", (HttpContext context, Caller caller, IScheduleStore store, TimeProvider time, string id) => PauseAsync(context, caller, store, time, id, true))
            .Needs(KeyScopes.Admin).WithName("pauseSchedule").WithSummary("Do not fire by the clock.")
            .Answers<ScheduleView>(200).Fails(401, 403, 404, 503);
        schedules.MapPost("{id}/resume", (HttpContext context, Caller caller, IScheduleStore store, TimeProvider time, string id) => PauseAsync(context, caller, store, time, id, false))
            .Needs(KeyScopes.Admin).WithName("resumeSchedule").WithSummary("Fire by the clock from now on; what passed meanwhile does not fire.")
            .Answers<ScheduleView>(200).Fails(401, 403, 404, 503);
        schedules.MapGet("{id}/runs", RunsAsync)
            .Needs(KeyScopes.Read).WithName("listScheduleRuns").WithSummary("The last 100 runs, newest first.")
            .Answers<ScheduleRunPage>(200).Fails(401, 403, 404, 503);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, Caller caller, IScheduleStore store, ScheduleRules rules, PlaceChecks places, IOptions<ScheduleOptions> options, TimeProvider time)
    {
        (ScheduleRequest? asked, RequestErrors errors, Problem? problem) = await ScheduleRequestReader.ReadAsync(context);
        if (asked is null)
        {
            return problem!;
        }
        if (rules.Accept(caller.Tenant, asked, errors) is not { } schedule)
        {
            return Problems.Invalid(errors.All);
        }
        if (await places.FaultsAsync(schedule, context.RequestAborted) is { Count: > 0 } faults)
        {
            return Problems.Invalid(faults);
        }
        switch (await store.AddAsync(schedule, options.Value.PerTenant, context.RequestAborted))
        {
            case ScheduleAdded.NameTaken:
                return NameTaken(schedule.Name);
            case ScheduleAdded.Full:
                return Problems.Conflict("too_many_schedules", $"A tenant may have at most {options.Value.PerTenant} schedules.");
        }
        string id = $"{ScheduleViews.Prefix}{schedule.Id:N}";
        context.Response.Headers.Location = $"/v1/schedules/{id}";
        return await store.GetAsync(caller.Tenant, schedule.Id, context.RequestAborted) is { } made ? Show(made, time, StatusCodes.Status201Created) : NoSchedule(id);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Caller caller, IScheduleStore store, TimeProvider time)
    {
        IReadOnlyList<ScheduleRecord> found = await store.ListAsync(caller.Tenant, context.RequestAborted);
        return new JsonAnswer<SchedulePage>(StatusCodes.Status200OK, new SchedulePage([.. found.Select(s => ScheduleViews.Of(s, time.GetUtcNow()))]), ScheduleJson.Default.SchedulePage);
    }

    private static async Task<IResult> GetAsync(HttpContext context, Caller caller, IScheduleStore store, ScheduleRuns runs, TimeProvider time, string id) =>
        await FindAsync(context, caller, store, id) is { } schedule
            ? Show(schedule, time, runs: await runs.LatestAsync(schedule, ShownRuns, context.RequestAborted))
            : NoSchedule(id);

    private static async Task<IResult> ReplaceAsync(HttpContext context, Caller caller, IScheduleStore store, ScheduleRules rules, PlaceChecks places, TimeProvider time, string id)
    {
        (ScheduleRequest? asked, RequestErrors errors, Problem? problem) = await ScheduleRequestReader.ReadAsync(context);
        if (asked is null)
        {
            return problem!;
        }
        if (await FindAsync(context, caller, store, id) is not { } known)
        {
            return NoSchedule(id);
        }
        if (rules.Accept(caller.Tenant, asked with { Paused = asked.Paused ?? known.Paused }, errors) is not { } schedule)
        {
            return Problems.Invalid(errors.All);
        }
        if (await places.FaultsAsync(schedule, context.RequestAborted) is { Count: > 0 } faults)
        {
            return Problems.Invalid(faults);
        }
        int version = asked.Version ?? known.Version;
        try
        {
            return await store.UpdateAsync(schedule with { Id = known.Id, Version = version }, context.RequestAborted) is { } replaced
                ? Show(replaced, time)
                : Problems.Conflict("schedule_changed", $"Schedule {TextRules.Quote(id)} is at another version than {version}; read it and try again.");
        }
        catch (ScheduleNameTakenException)
        {
            return NameTaken(schedule.Name);
        }
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, Caller caller, IScheduleStore store, string id) =>
        await FindAsync(context, caller, store, id) is { } schedule && await store.DeleteAsync(caller.Tenant, schedule.Id, context.RequestAborted) ? Results.NoContent() : NoSchedule(id);

    private static async Task<IResult> RunAsync(HttpContext context, Caller caller, IScheduleStore store, Firings firings, TimeProvider time, string id)
    {
        if (await FindAsync(context, caller, store, id) is not { } schedule)
        {
            return NoSchedule(id);
        }
        return await firings.RunNowAsync(schedule, context.RequestAborted) is { } run
            ? new JsonAnswer<ScheduleRunView>(StatusCodes.Status202Accepted, ScheduleViews.Of(run, time.GetUtcNow()), ScheduleJson.Default.ScheduleRunView)
            : Problems.Conflict("run_exists", $"Schedule {TextRules.Quote(id)} has a run of this very time.");
    }

    private static async Task<IResult> PauseAsync(HttpContext context, Caller caller, IScheduleStore store, TimeProvider time, string id, bool paused) =>
        await FindAsync(context, caller, store, id) is { } schedule && await store.PauseAsync(caller.Tenant, schedule.Id, paused, context.RequestAborted) is { } changed
            ? Show(changed, time)
            : NoSchedule(id);

    private static async Task<IResult> RunsAsync(HttpContext context, Caller caller, IScheduleStore store, ScheduleRuns runs, string id) =>
        await FindAsync(context, caller, store, id) is { } schedule
            ? new JsonAnswer<ScheduleRunPage>(StatusCodes.Status200OK, new ScheduleRunPage(await runs.LatestAsync(schedule, MostRuns, context.RequestAborted)), ScheduleJson.Default.ScheduleRunPage)
            : NoSchedule(id);

    private static async Task<ScheduleRecord?> FindAsync(HttpContext context, Caller caller, IScheduleStore store, string id) =>
        ScheduleViews.Id(id) is Guid schedule ? await store.GetAsync(caller.Tenant, schedule, context.RequestAborted)
        : TextRules.IsNamespace(id) ? await store.FindAsync(caller.Tenant, id, context.RequestAborted)
        : null;

    private static JsonAnswer<ScheduleView> Show(ScheduleRecord schedule, TimeProvider time, int status = StatusCodes.Status200OK, IReadOnlyList<ScheduleRunView>? runs = null) =>
        new(status, ScheduleViews.Of(schedule, time.GetUtcNow(), runs), ScheduleJson.Default.ScheduleView);

    private static Problem NoSchedule(string id) => new(StatusCodes.Status404NotFound, "schedule_not_found", $"There is no schedule {TextRules.Quote(id)}.");

    private static Problem NameTaken(string name) => Problems.Conflict("name_taken", $"There is another schedule named {TextRules.Quote(name)}.");
}
