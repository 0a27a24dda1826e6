using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Telemetry;

/// <summary>Numbers and spans, and the ways they leave the process.</summary>
internal static class TelemetryServices
{
    public static IHostApplicationBuilder AddTelemetry(this IHostApplicationBuilder builder)
    {
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<SluiceMetrics>();
        builder.Services.AddSingleton<MetricsPage>();
        builder.Services.AddHostedService(services => services.GetRequiredService<MetricsPage>());
        if (Environment.GetEnvironmentVariable(OtlpPush.EndpointVariable) is { Length: > 0 })
        {
            builder.Services.AddHostedService<OtlpPush>();
        }
        return builder;
    }
}
