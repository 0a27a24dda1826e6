using Microsoft.Extensions.Options;

namespace Sluice.Service.Inference;

/// <summary>What attributes cannot say about <see cref="WorkerOptions"/>.</summary>
internal sealed class WorkerOptionsValidator : IValidateOptions<WorkerOptions>
{
    private static readonly TimeSpan s_longestDrain = TimeSpan.FromSeconds(22);
    private static readonly TimeSpan s_shortestStall = TimeSpan.FromSeconds(10);

    public ValidateOptionsResult Validate(string? name, WorkerOptions options)
    {
        List<string> errors = [];
        Positive(nameof(options.HeartbeatInterval), options.HeartbeatInterval);
        Positive(nameof(options.ReconcileInterval), options.ReconcileInterval);
        Positive(nameof(options.TicketTimeout), options.TicketTimeout);
        Positive(nameof(options.LostInterval), options.LostInterval);
        Positive(nameof(options.InventoryInterval), options.InventoryInterval);
        Positive(nameof(options.ReportInterval), options.ReportInterval);
        Positive(nameof(options.CostInterval), options.CostInterval);
        Positive(nameof(options.StealAfter), options.StealAfter);
        Positive(nameof(options.StealBackoff), options.StealBackoff);
        Positive(nameof(options.ForsakenAfter), options.ForsakenAfter);
        Positive(nameof(options.ResumeInterval), options.ResumeInterval);
        if (options.HeartbeatTimeout < 2 * options.HeartbeatInterval)
        {
            errors.Add($"Worker:HeartbeatTimeout must be at least twice Worker:HeartbeatInterval ({options.HeartbeatInterval}); it is {options.HeartbeatTimeout}.");
        }
        if (options.StallTimeout < s_shortestStall)
        {
            errors.Add($"Worker:StallTimeout must be at least {s_shortestStall}; it is {options.StallTimeout}.");
        }
        if (options.DrainTime < TimeSpan.Zero || options.DrainTime > s_longestDrain)
        {
            errors.Add($"Worker:DrainTime must be 0 to {s_longestDrain}, so that the process ends within 25 s; it is {options.DrainTime}.");
        }
        if (options.StubDelay < TimeSpan.Zero)
        {
            errors.Add($"Worker:StubDelay must be 0 or more; it is {options.StubDelay}.");
        }
        foreach ((string tenant, double weight) in options.TenantWeights)
        {
            if (!(weight > 0) || double.IsInfinity(weight))
            {
                errors.Add($"Worker:TenantWeights:{tenant} must be above zero; it is {weight}.");
            }
        }
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);

        void Positive(string setting, TimeSpan value)
        {
            if (value <= TimeSpan.Zero)
            {
                errors.Add($"Worker:{setting} must be above zero; it is {value}.");
            }
        }
    }
}
