using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Sluice.Service.Quotes;

/// <summary>When jobs end, said beforehand.</summary>
internal static class QuoteServices
{
    public static IHostApplicationBuilder AddQuotes(this IHostApplicationBuilder builder)
    {
        builder.Services.AddSingleton<QuoteBook>();
        builder.Services.AddHostedService(services => services.GetRequiredService<QuoteBook>());
        return builder;
    }
}
