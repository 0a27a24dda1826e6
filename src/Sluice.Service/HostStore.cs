using Microsoft.Extensions.Hosting;
using Sluice.Store.Memory;
using Sluice.Store.Postgres;

namespace Sluice.Service;

/// <summary>Which store the process has: decided here and nowhere else.</summary>
internal static class HostStore
{
    public static IHostApplicationBuilder AddStore(this IHostApplicationBuilder builder, SluiceHostOptions options)
    {
        if (options.Embedded)
        {
            builder.Services.AddMemoryStore();
        }
        else
        {
            builder.Services.AddPostgresStore();
        }
        return builder;
    }
}
