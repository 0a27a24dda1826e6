using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Access;

/// <summary>Who may do what.</summary>
internal static class AccessServices
{
    public static IHostApplicationBuilder AddAccess(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSettings<AccessOptions>(AccessOptions.Section);
        builder.Services.AddSingleton<KeyRing>();
        builder.Services.AddHostedService<BootstrapKey>();
        return builder;
    }
}
