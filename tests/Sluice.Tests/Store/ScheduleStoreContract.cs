using Sluice.Store;
using Xunit;

namespace Sluice.Tests.Store;

/// <summary>Schedules, their firings, and how schedulers share them.</summary>
public abstract class ScheduleStoreContract(StoreHost host) : StoreContract(host)
{
    private static readonly DateTimeOffset s_night = new(2026, 3, 1, 1, 30, 0, TimeSpan.Zero);
    private static readonly TimeSpan s_lease = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Schedules_are_kept_per_tenant_by_name_up_to_the_bound()
    {
        ScheduleRecord one = await AddAsync("b"), two = await AddAsync("a");
        Assert.Equal(ScheduleAdded.NameTaken, await Schedules.AddAsync(New("a"), 10, Token));
        Assert.Equal(ScheduleAdded.Full, await Schedules.AddAsync(New("c"), 2, Token));
        ScheduleRecord other = await AddAsync("a", Other);
        Assert.Equal([two.Id, one.Id], (await Schedules.ListAsync(Tenant, Token)).Select(s => s.Id));
        Assert.Equal(two.Id, (await Schedules.FindAsync(Tenant, "a", Token))!.Id);
        Assert.Null(await Schedules.GetAsync(Tenant, other.Id, Token));
        Assert.Null(await Schedules.PauseAsync(Tenant, other.Id, true, Token));
        Assert.False(await Schedules.DeleteAsync(Tenant, other.Id, Token));
        Assert.True(await Schedules.DeleteAsync(Other, other.Id, Token));
        Assert.Empty(await Schedules.ListAsync(Other, Token));
    }

    [Fact]
    public async Task A_schedule_comes_back_as_it_was_stored()
    {
        ScheduleRecord asked = New("a") with { FinishBy = new TimeOnly(6, 30), Overlap = OverlapPolicy.CancelOlder, Misfire = MisfirePolicy.Skip };
        await Schedules.AddAsync(asked, 10, Token);
        ScheduleRecord kept = (await Schedules.GetAsync(Tenant, asked.Id, Token))!;
        Assert.Equal(asked with { EffectiveFrom = kept.EffectiveFrom, CreatedAt = kept.CreatedAt, UpdatedAt = kept.UpdatedAt }, kept);
        Assert.Equal((1, kept.CreatedAt), (kept.Version, kept.EffectiveFrom));
        ScheduleRecord within = (await Schedules.UpdateAsync(kept with { FinishBy = null, FinishWithin = TimeSpan.FromHours(2) }, Token))!;
        Assert.Equal((null, TimeSpan.FromHours(2), 2), (within.FinishBy, within.FinishWithin, within.Version));
    }

    [Fact]
    public async Task A_change_is_made_once_and_only_other_times_begin_anew()
    {
        ScheduleRecord schedule = await AddAsync("a");
        await AddAsync("taken");
        await PassAsync(Moment);
        ScheduleRecord sink = (await Schedules.UpdateAsync(schedule with { Sink = "{}" }, Token))!;
        Assert.Equal((2, schedule.EffectiveFrom, "{}"), (sink.Version, sink.EffectiveFrom, sink.Sink));
        Assert.Null(await Schedules.UpdateAsync(schedule with { Sink = "[]" }, Token));
        await Assert.ThrowsAsync<ScheduleNameTakenException>(() => Schedules.UpdateAsync(sink with { Name = "taken" }, Token));
        ScheduleRecord cron = (await Schedules.UpdateAsync(sink with { Cron = "0 0 4 * * ?" }, Token))!;
        Assert.True(cron.EffectiveFrom > schedule.EffectiveFrom);
    }

    [Fact]
    public async Task A_paused_schedule_fires_for_a_person_only_and_resumed_from_then_on()
    {
        ScheduleRecord schedule = await AddAsync("a");
        Assert.Single(await Schedules.ActiveAsync(Token));
        Assert.Equal((true, 2), (await Schedules.PauseAsync(Tenant, schedule.Id, true, Token)) is { } paused ? (paused.Paused, paused.Version) : default);
        Assert.Equal(2, (await Schedules.PauseAsync(Tenant, schedule.Id, true, Token))!.Version);
        Assert.Empty(await Schedules.ActiveAsync(Token));
        Assert.Null(await FireAsync(schedule, s_night));
        Assert.True((await FireAsync(schedule, null))!.Manual);
        await PassAsync(Moment);
        Assert.True((await Schedules.PauseAsync(Tenant, schedule.Id, false, Token))!.EffectiveFrom > schedule.EffectiveFrom);
    }

    [Fact]
    public async Task One_time_of_a_schedule_fires_once_however_many_say_so()
    {
        ScheduleRecord schedule = await AddAsync("a");
        FiringRecord?[] fired = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => FireAsync(schedule, s_night)));
        FiringRecord firing = Assert.Single(fired, f => f is not null)!;
        Assert.Null(await FireAsync(schedule, s_night.ToOffset(TimeSpan.FromHours(1))));
        Assert.Equal((FiringState.Staging, s_night, false), (firing.State, firing.FireTime, firing.Manual));
        Assert.Equal(firing.Id, Assert.Single(await Schedules.FiringsAsync(Tenant, schedule.Id, 10, Token)).Id);
        Assert.Empty(await Schedules.FiringsAsync(Other, schedule.Id, 10, Token));
        Assert.Equal(s_night, (await Schedules.GetAsync(Tenant, schedule.Id, Token))!.LastFireTime);
    }

    [Fact]
    public async Task Skip_notes_the_firing_that_found_another_and_runs_nothing()
    {
        ScheduleRecord schedule = await AddAsync("a");
        await FireAsync(schedule, s_night);
        FiringRecord second = (await FireAsync(schedule, s_night.AddDays(1)))!;
        Assert.Equal((FiringState.Skipped, FiringEnds.Overlap), (second.State, second.ErrorCode));
        Assert.NotNull(second.FinishedAt);
        Assert.NotNull(await ClaimAsync());
        Assert.Null(await ClaimAsync());
    }

    [Fact]
    public async Task Queue_lets_firings_wait_in_turn_up_to_the_bound()
    {
        ScheduleRecord schedule = await AddAsync("a", overlap: OverlapPolicy.Queue);
        FiringRecord[] firings = [(await FireAsync(schedule, s_night, 1))!, (await FireAsync(schedule, s_night.AddDays(1), 1))!, (await FireAsync(schedule, s_night.AddDays(2), 1))!];
        Assert.Equal([FiringState.Staging, FiringState.Waiting, FiringState.Skipped], firings.Select(f => f.State));
        Assert.Equal(FiringEnds.QueueFull, firings[2].ErrorCode);
        ClaimedFiring first = (await ClaimAsync())!;
        Assert.Null(await ClaimAsync());
        Assert.True(await Schedules.RecordAsync(first.Fence, new FiringChange { State = FiringState.Failed, Lease = TimeSpan.Zero }, Token));
        ClaimedFiring next = (await ClaimAsync())!;
        Assert.Equal((firings[1].Id, FiringState.Staging), (next.Firing.Id, next.Firing.State));
    }

    [Fact]
    public async Task Cancel_older_takes_the_place_of_what_has_not_ended()
    {
        ScheduleRecord schedule = await AddAsync("a", overlap: OverlapPolicy.CancelOlder);
        FiringRecord older = (await FireAsync(schedule, s_night))!;
        ClaimedFiring claimed = (await ClaimAsync())!;
        FiringRecord newer = (await FireAsync(schedule, s_night.AddDays(1)))!;
        Assert.Equal(FiringState.Staging, newer.State);
        Assert.False(await Schedules.RecordAsync(claimed.Fence, new FiringChange { Rows = 5, Lease = s_lease }, Token));
        ClaimedFiring[] work = [(await ClaimAsync())!, (await ClaimAsync())!];
        Assert.Equal([(older.Id, FiringState.Cancelling), (newer.Id, FiringState.Staging)], work.Select(w => (w.Firing.Id, w.Firing.State)));
    }

    [Fact]
    public async Task A_claim_holds_for_its_lease_and_an_older_one_writes_nothing()
    {
        ScheduleRecord schedule = await AddAsync("a");
        FiringRecord firing = (await FireAsync(schedule, s_night))!;
        ClaimedFiring dead = (await Schedules.ClaimAsync(Soon, [], Token))!;
        Assert.Equal((schedule.Source, schedule.Request, schedule.Sink, schedule.Name), (dead.Source, dead.Request, dead.Sink, dead.Name));
        Assert.True(await Schedules.RecordAsync(dead.Fence, new FiringChange { Rows = 3, SinkCursor = "3", Lease = Soon }, Token));
        Assert.Null(await ClaimAsync());
        await PassAsync(Moment);
        ClaimedFiring heir = (await ClaimAsync())!;
        Assert.Equal((firing.Id, 3, "3"), (heir.Firing.Id, heir.Firing.Rows, heir.SinkCursor));
        Assert.False(await Schedules.RecordAsync(dead.Fence, new FiringChange { State = FiringState.Failed, Lease = TimeSpan.Zero }, Token));
        Assert.True(await Schedules.RecordAsync(heir.Fence, new FiringChange { Lease = TimeSpan.Zero }, Token));
        Assert.Equal(firing.Id, (await ClaimAsync())!.Firing.Id);
    }

    [Fact]
    public async Task A_run_goes_from_staging_to_running_to_delivering_to_its_end()
    {
        ScheduleRecord schedule = await AddAsync("a");
        FiringRecord firing = (await FireAsync(schedule, s_night))!;
        Assert.False(await Schedules.AnsweredAsync(firing.Id, Token));
        Assert.True(await Schedules.RecordAsync((await ClaimAsync())!.Fence, new FiringChange { State = FiringState.Running, Rows = 7, Lease = TimeSpan.Zero }, Token));
        Assert.Null(await ClaimAsync());
        FiringRecord running = Assert.Single(await Schedules.RunningAsync(10, Token));
        Assert.Equal((firing.Id, 7), (running.Id, running.Rows));
        Assert.NotNull(running.StagedAt);
        Assert.True(await Schedules.AnsweredAsync(firing.Id, Token));
        ClaimedFiring delivering = (await ClaimAsync())!;
        Assert.Equal(FiringState.Delivering, delivering.Firing.State);
        Assert.True(await Schedules.RecordAsync(delivering.Fence, new FiringChange { State = FiringState.Finished, Delivered = 7, Lease = s_lease }, Token));
        Assert.False(await Schedules.RecordAsync(delivering.Fence, new FiringChange { State = FiringState.Failed, Lease = s_lease }, Token));
        FiringRecord ended = Assert.Single(await Schedules.FiringsAsync(Tenant, schedule.Id, 10, Token));
        Assert.Equal((FiringState.Finished, 7), (ended.State, ended.Delivered));
        Assert.True(ended.FinishedAt >= ended.AnsweredAt && ended.AnsweredAt >= ended.StagedAt);
        await PassAsync(Moment);
        Assert.Null(await ClaimAsync());
    }

    [Fact]
    public async Task What_fired_goes_on_as_it_began_when_its_schedule_changes_or_goes()
    {
        ScheduleRecord schedule = await AddAsync("a");
        await FireAsync(schedule, s_night);
        await Schedules.UpdateAsync(schedule with { Source = "other" }, Token);
        Assert.True(await Schedules.DeleteAsync(Tenant, schedule.Id, Token));
        Assert.Null(await FireAsync(schedule, s_night.AddDays(1)));
        Assert.Equal(schedule.Source, (await ClaimAsync())!.Source);
    }

    [Fact]
    public async Task A_tenant_that_has_its_share_leaves_the_next_turn_to_another()
    {
        FiringRecord[] own = [(await FireAsync(await AddAsync("a"), s_night))!, (await FireAsync(await AddAsync("b"), s_night))!];
        FiringRecord other = (await FireAsync(await AddAsync("a", Other), s_night))!;
        Assert.Equal(own[0].Id, (await ClaimAsync(Other))!.Firing.Id);
        Assert.Equal(other.Id, (await ClaimAsync(Tenant))!.Firing.Id);
        Assert.Null(await ClaimAsync(Tenant, Other));
        Assert.Equal(own[1].Id, (await ClaimAsync())!.Firing.Id);
    }

    [Fact]
    public async Task The_previous_time_of_a_run_is_that_of_the_last_one_that_did_its_work()
    {
        ScheduleRecord schedule = await AddAsync("a");
        Assert.Null(await RunAsync(0, FiringState.Failed));
        Assert.Null(await RunAsync(1, FiringState.Finished));
        Assert.Equal(s_night.AddDays(1), await RunAsync(2, FiringState.Finished));
        await FireAsync(schedule, s_night.AddDays(3));
        Assert.Equal(FiringState.Skipped, (await FireAsync(schedule, s_night.AddDays(4)))!.State);
        Assert.Equal(s_night.AddDays(2), await EndAsync(FiringState.Failed));
        Assert.Equal(s_night.AddDays(2), await RunAsync(5, FiringState.Cancelled));
        // Asked for by a person, after all of them.
        Assert.True((await FireAsync(schedule, null))!.Manual);
        await EndAsync(FiringState.Finished);
        Assert.Equal(s_night.AddDays(2), await RunAsync(6, FiringState.Finished));
        await FireAsync(schedule, s_night.AddDays(7));
        ClaimedFiring first = (await Schedules.ClaimAsync(Soon, [], Token))!;
        await PassAsync(Moment);
        Assert.Equal((s_night.AddDays(6), first.PreviousFireTime), ((await ClaimAsync())!.PreviousFireTime, first.PreviousFireTime));

        async Task<DateTimeOffset?> RunAsync(int day, FiringState end)
        {
            Assert.Equal(FiringState.Staging, (await FireAsync(schedule, s_night.AddDays(day)))!.State);
            return await EndAsync(end);
        }

        async Task<DateTimeOffset?> EndAsync(FiringState end)
        {
            ClaimedFiring claim = (await ClaimAsync())!;
            Assert.True(await Schedules.RecordAsync(claim.Fence, new FiringChange { State = end, Lease = TimeSpan.Zero }, Token));
            return claim.PreviousFireTime;
        }
    }

    [Fact]
    public async Task Schedulers_that_claim_at_once_share_without_overlap()
    {
        for (int i = 0; i < 6; i++)
        {
            await FireAsync(await AddAsync($"s{i}"), s_night);
        }
        ClaimedFiring?[] claimed = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ClaimAsync()));
        List<Guid> all = [.. claimed.OfType<ClaimedFiring>().Select(c => c.Firing.Id)];
        while (await ClaimAsync() is { } rest)
        {
            all.Add(rest.Firing.Id);
        }
        Assert.Equal((6, 6), (all.Count, all.Distinct().Count()));
    }

    private static ScheduleRecord New(string name, string tenant = Tenant, OverlapPolicy overlap = OverlapPolicy.Skip) => new()
    {
        Id = NewId().Value,
        Tenant = tenant,
        Name = name,
        Cron = "0 30 2 * * ?",
        TimeZone = "Europe/Berlin",
        Source = """{"type":"jsonl"}""",
        Request = """{"model":"m"}""",
        Sink = """{"type":"results"}""",
        Overlap = overlap,
    };

    private async Task<ScheduleRecord> AddAsync(string name, string tenant = Tenant, OverlapPolicy overlap = OverlapPolicy.Skip)
    {
        ScheduleRecord schedule = New(name, tenant, overlap);
        Assert.Equal(ScheduleAdded.Added, await Schedules.AddAsync(schedule, 10, Token));
        return (await Schedules.GetAsync(tenant, schedule.Id, Token))!;
    }

    private Task<FiringRecord?> FireAsync(ScheduleRecord schedule, DateTimeOffset? time, int mostWaiting = 100) =>
        Schedules.FireAsync(new FireRequest { Id = NewId().Value, Schedule = schedule.Id, FireTime = time, MostWaiting = mostWaiting }, Token);

    private Task<ClaimedFiring?> ClaimAsync(params IReadOnlyList<string> fullTenants) => Schedules.ClaimAsync(s_lease, fullTenants, Token);
}
