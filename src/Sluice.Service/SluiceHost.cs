using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Sluice.Service.Intake;
using Sluice.Service.Models;
using Sluice.Service.Telemetry;

namespace Sluice.Service;

/// <summary>Puts a process together. The table of contents of the service: one line per part.</summary>
public static class SluiceHost
{
    /// <summary>A host that is composed and not yet started. Throws <see cref="ArgumentException"/> for options that do not go together.</summary>
    public static WebApplication Build(SluiceHostOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        HostConfiguration.Add(builder.Configuration, options);
        builder.Logging.AddSimpleConsole();
        builder.Services.AddSingleton(options.Time);
        builder.AddTelemetry();
        builder.AddModels(options);
        builder.AddIntake();
        return builder.Build();
    }
}
