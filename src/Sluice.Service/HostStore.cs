using Microsoft.Extensions.Hosting;
using Sluice.Store.Memory;

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
        return builder;
    }
}
