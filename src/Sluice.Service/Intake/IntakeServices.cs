using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Intake;

/// <summary>The door for jobs, and what tells others that something came through it.</summary>
internal static class IntakeServices
{
    public static IHostApplicationBuilder AddIntake(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSettings<IntakeOptions>(IntakeOptions.Section);
        builder.Services.AddSingleton<JobWaiters>();
        builder.Services.AddSingleton<OutboxSignal>();
        builder.Services.AddSingleton<SubmitBatcher>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SubmitBatcher>());
        builder.Services.AddSingleton<QueueBounds>();
        builder.Services.AddHostedService(services => services.GetRequiredService<QueueBounds>());
        builder.Services.AddSingleton<JobIntake>();
        return builder;
    }
}
