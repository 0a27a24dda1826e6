using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Retention;

/// <summary>Forgetting in time. Where the API or the scheduler runs; the store lets one node at a time.</summary>
internal static class RetentionServices
{
    private static readonly TimeSpan s_embeddedFacts = TimeSpan.FromDays(1);

    public static IHostApplicationBuilder AddRetention(this IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        if (!host.Runs(HostRole.Api) && !host.Runs(HostRole.Scheduler))
        {
            return builder;
        }
        builder.Services.AddSettings<RetentionOptions>(RetentionOptions.Section);
        if (host.Embedded)
        {
            builder.Services.PostConfigure<RetentionOptions>(options => options.Facts ??= s_embeddedFacts);
        }
        builder.Services.AddHostedService<Purger>();
        return builder;
    }
}
