using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Cache;

/// <summary>The semantic tier of the response cache.</summary>
internal static class CacheServices
{
    public static IHostApplicationBuilder AddCache(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSettings<CacheOptions>(CacheOptions.Section);
        builder.Services.AddSingleton<IEmbedder, LexicalEmbedder>();
        builder.Services.AddSingleton<SemanticTier>();
        builder.Services.AddHostedService<CacheTender>();
        return builder;
    }
}
