using MassTransit;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Sluice.Jobs;
using Sluice.Jobs.Messages;
using Sluice.Service.Access;
using Sluice.Service.Intake;
using Sluice.Service.Telemetry;
using Sluice.Store;

namespace Sluice.Service.Queue;

/// <summary>
/// Stores what producers send over the bus, then acknowledges. The tenant is the broker-validated user-id. What cannot be accepted is answered with
/// <see cref="JobRejected"/> on its exchange, never to an address that the message names. While the store is away, or an estimate that it needs is not read yet, the
/// message waits, unacknowledged.
/// </summary>
internal sealed partial class SubmitConsumer(
    JobIntake intake, IOptions<QueueOptions> options, TimeProvider time, ILogger<SubmitConsumer> logger) : IConsumer<SubmitMessage>
{
    private const string HttpKey = "Idempotency-Key";
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    public async Task Consume(ConsumeContext<SubmitMessage> context)
    {
        SubmitJob body = context.Message.Body;
        string? tenant = Tenant(context);
        SubmitOptions submit = new() { IdempotencyKey = body.IdempotencyKey, TraceParent = SluiceActivity.CurrentTraceParent ?? TraceParent(context) };
        IReadOnlyList<FieldError> errors = Check(context.Message, tenant);
        DateTimeOffset? eta = null;
        if (errors.Count == 0)
        {
            (errors, eta) = await StoreAsync(tenant!, body.Job!, submit, context.CancellationToken);
        }
        else if (body.Job is not null)
        {
            errors = intake.Check(body.Job, submit, errors);
        }
        if (errors.Count > 0)
        {
            JobRejected rejected = new() { IdempotencyKey = body.IdempotencyKey, Tenant = tenant, Eta = eta, Errors = [.. errors.Select(Named)] };
            await context.Publish(rejected, context.CancellationToken);
            LogRejected(tenant ?? "(none)", errors[0].Field, errors[0].Code);
        }
        Crash.At("bus_before_ack");
    }

    /// <summary>What is wrong with the message around the job, and what of the job could not be read.</summary>
    private static List<FieldError> Check(SubmitMessage message, string? tenant)
    {
        List<FieldError> errors = [.. message.Errors];
        SubmitJob body = message.Body;
        if (tenant is null)
        {
            errors.Add(new FieldError("user_id", "The message has no user-id property: the broker must vouch for its sender.", "required"));
        }
        if (body.SchemaVersion is < 1 or > SubmitJob.CurrentVersion)
        {
            errors.Add(new FieldError("schema_version", $"Versions 1 to {SubmitJob.CurrentVersion} are understood; it is {body.SchemaVersion}.", "not_supported"));
        }
        if (string.IsNullOrEmpty(body.IdempotencyKey) && !Names("idempotency_key"))
        {
            errors.Add(new FieldError("idempotency_key", "A submitted job needs a key, so that a repeated message makes one job.", "required"));
        }
        if (body.Job is null && !Names("job") && !Names("body"))
        {
            errors.Add(new FieldError("job", "The message carries no job.", "required"));
        }
        return errors;

        bool Names(string field) => errors.Any(error => error.Field == field);
    }

    /// <summary>The rules are those of HTTP, where the key is a header.</summary>
    private static FieldError Named(FieldError error) => error.Field != HttpKey
        ? error
        : error with { Field = "idempotency_key", Message = error.Message.Replace(HttpKey, "idempotency_key", StringComparison.Ordinal) };

    private string? Tenant(ConsumeContext context)
    {
        QueueOptions queue = options.Value;
        if (queue.Transport == QueueTransport.InMemory)
        {
            return queue.AnonymousTenant ?? "default";
        }
        // the property itself, which the broker checks against the connection's user; a header of that meaning anybody can write
        return context.ReceiveContext.TryGetPayload(out RabbitMqBasicConsumeContext? delivery) && delivery.Properties.UserId is { Length: > 0 } user
            ? queue.Tenants.GetValueOrDefault(user, user)
            : queue.AnonymousTenant;
    }

    private static string? TraceParent(ConsumeContext context) =>
        context.ReceiveContext.TransportHeaders.TryGetHeader("traceparent", out object? value) ? value as string : null;

    private async Task<(IReadOnlyList<FieldError> Errors, DateTimeOffset? Eta)> StoreAsync(string tenant, JobRequest job, SubmitOptions submit, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                IntakeResult result = await intake.SubmitAsync(new Caller(tenant, KeyScopes.Submit), job, submit, cancellationToken);
                if (result is IntakeResult.NotYet)
                {
                    await Task.Delay(Retry, time, cancellationToken);
                    continue;
                }
                return result switch
                {
                    IntakeResult.Accepted => ([], null),
                    IntakeResult.Invalid invalid => (invalid.Errors, null),
                    IntakeResult.KeyReused reused => ([new FieldError("idempotency_key", $"'{reused.Key}' belongs to another request.", "key_reused")], null),
                    IntakeResult.TooLate late => ([new FieldError(late.Field, late.Detail, IntakeResult.TooLate.Code)], late.Eta),
                    IntakeResult.Full full => ([new FieldError("job", $"There may be at most {full.Bound} {full.What}.", "queue_full")], null),
                    _ => throw new System.Diagnostics.UnreachableException($"Unknown result {result}."),
                };
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(Retry, time, cancellationToken);
            }
        }
    }

    [LoggerMessage(3010, LogLevel.Information, "A submitted job of tenant {Tenant} was rejected: {Field} {Code}")]
    private partial void LogRejected(string tenant, string field, string code);
}
