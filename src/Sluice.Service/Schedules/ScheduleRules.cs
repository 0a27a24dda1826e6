using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Webhooks;
using Sluice.Store;

namespace Sluice.Service.Schedules;

/// <summary>What a schedule must keep when it is handed in. Everything is checked, so that its owner learns of all faults at once.</summary>
internal sealed class ScheduleRules(ModelCatalog models, WebhookRules webhooks, NamedConnections connections, IOptions<ScheduleOptions> options, IOptions<IntakeOptions> intake, TimeProvider time)
{
    private static readonly string[] s_times = ["HH:mm", "HH:mm:ss"];
    private static readonly TimeSpan s_leastFinish = TimeSpan.FromSeconds(1);

    private readonly PlaceRules _places = new(connections, options.Value);

    /// <summary>The schedule to be stored; null where anything is wrong, which the errors name.</summary>
    public ScheduleRecord? Accept(string tenant, ScheduleRequest asked, RequestErrors errors)
    {
        DateTimeOffset now = time.GetUtcNow();
        CheckName(asked.Name, errors);
        CheckTimes(asked, now, errors);
        (TimeOnly? finishBy, TimeSpan? finishWithin) = Finish(asked, errors);
        int overlap = Choice("overlap", asked.Overlap, ScheduleNames.Overlaps, errors), misfire = Choice("misfire", asked.Misfire, ScheduleNames.Misfires, errors);
        _places.Check(tenant, asked.Source, errors);
        SinkSpec sink = asked.Sink ?? new SinkSpec();
        _places.Check(tenant, sink, asked.Source, errors);
        CheckRequest(asked.Request, now, errors);
        if (errors.All.Count > 0)
        {
            return null;
        }
        return new ScheduleRecord
        {
            Id = Guid.CreateVersion7(now),
            Tenant = tenant,
            Name = asked.Name!,
            Cron = asked.Cron!,
            TimeZone = asked.TimeZone ?? "UTC",
            Source = JsonSerializer.Serialize(asked.Source!, SpecJson.Default.SourceSpec),
            Request = JsonSerializer.Serialize(asked.Request!, JobsJson.Default.JobRequest),
            Sink = JsonSerializer.Serialize(sink, SpecJson.Default.SinkSpec),
            FinishBy = finishBy,
            FinishWithin = finishWithin,
            Overlap = (OverlapPolicy)overlap,
            Misfire = (MisfirePolicy)misfire,
            Paused = asked.Paused ?? false,
        };
    }

    private static void CheckName(string? name, RequestErrors errors)
    {
        if (name is null)
        {
            errors.Required("name");
        }
        else if (!TextRules.IsNamespace(name) || name.StartsWith(ScheduleViews.Prefix, StringComparison.Ordinal))
        {
            errors.Add("name", $"name must be 1 to 64 letters, digits, '.', '_' or '-', and not begin with '{ScheduleViews.Prefix}'; got {TextRules.Quote(name)}.");
        }
    }

    private static void CheckTimes(ScheduleRequest asked, DateTimeOffset now, RequestErrors errors)
    {
        if (asked.Cron is null)
        {
            errors.Required("cron");
        }
        else if (CronTimes.Fault(asked.Cron, now) is string fault)
        {
            errors.Add("cron", $"cron {TextRules.Quote(asked.Cron)} {fault}.");
        }
        if (asked.TimeZone is { } zone && CronTimes.FindZone(zone) is null)
        {
            errors.Add("time_zone", $"time_zone must be an IANA name such as 'Europe/Berlin', or 'UTC'; got {TextRules.Quote(zone)}.");
        }
    }

    private (TimeOnly?, TimeSpan?) Finish(ScheduleRequest asked, RequestErrors errors)
    {
        TimeOnly? by = null;
        if (asked.FinishBy is { } text)
        {
            if (TimeOnly.TryParseExact(text, s_times, CultureInfo.InvariantCulture, DateTimeStyles.None, out TimeOnly read))
            {
                by = read;
            }
            else
            {
                errors.Add("finish_by", $"finish_by must be a time of day, '06:00' or '06:00:00'; got {TextRules.Quote(text)}.");
            }
            if (asked.FinishWithin is not null)
            {
                errors.Add("finish_within", "Give finish_by or finish_within, not both.");
            }
        }
        errors.Range("finish_within", asked.FinishWithin, s_leastFinish.TotalSeconds, intake.Value.Horizon.TotalSeconds);
        return (by, errors.All.Count == 0 && asked.FinishWithin is double seconds ? TimeSpan.FromSeconds(seconds) : null);
    }

    private static int Choice(string field, string? value, IReadOnlyList<string> known, RequestErrors errors)
    {
        int at = value is null ? 0 : known.ToList().IndexOf(value);
        if (at < 0)
        {
            errors.Add(field, $"{field} must be one of {string.Join(", ", known.Select(name => $"'{name}'"))}; got {TextRules.Quote(value!)}.");
        }
        return at;
    }

    /// <summary>The request with its templates as they stand must be a job but for what rows bring.</summary>
    private void CheckRequest(JobRequest? request, DateTimeOffset now, RequestErrors errors)
    {
        if (request is null)
        {
            if (!errors.All.Any(e => e.Field.StartsWith("request", StringComparison.Ordinal)))
            {
                errors.Required("request");
            }
            return;
        }
        RequestErrors inner = new();
        if (request.Deadline is not null || request.Ttl is not null)
        {
            inner.Add(request.Deadline is not null ? "deadline" : "ttl", "a schedule's jobs are finished by finish_by or finish_within.");
        }
        LineWriter.Of(request, inner);
        RequestRules rules = new(models, webhooks, null, now, intake.Value.Horizon);
        rules.Accept(request with { Deadline = null, Ttl = null }, SubmitOptions.None, out _);
        foreach (FieldError error in inner.All.Concat(rules.Errors))
        {
            errors.Add($"request.{error.Field}", $"request: {error.Message}", error.Code);
        }
    }
}
