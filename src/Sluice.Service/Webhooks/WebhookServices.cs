using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Sluice.Service.Webhooks;

/// <summary>Telling others that jobs have ended. The rules are everywhere, the sender where its role is.</summary>
internal static class WebhookServices
{
    public static IHostApplicationBuilder AddWebhooks(this IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        builder.Services.AddSettings<WebhookOptions>(WebhookOptions.Section);
        builder.Services.AddSingleton<IValidateOptions<WebhookOptions>, WebhookOptionsValidator>();
        builder.Services.AddSingleton(services => SecretBox.Open(Settings(services), host.Embedded));
        builder.Services.AddSingleton(services => new AddressPolicy(Settings(services), loopback: host.Embedded));
        builder.Services.AddSingleton(services => new WebhookRules(Settings(services), services.GetRequiredService<AddressPolicy>(), services.GetRequiredService<SecretBox>()));
        builder.Services.AddSingleton<WebhookSecrets>();
        if (host.Runs(HostRole.Webhooks))
        {
            builder.Services
                .AddSingleton<WebhookBody>()
                .AddSingleton(services => GuardedDialer.Over(services.GetRequiredService<AddressPolicy>()))
                .AddSingleton(services => new WebhookClient(services.GetRequiredService<GuardedDialer>(), Settings(services).Timeout, services.GetRequiredService<TimeProvider>()))
                .AddSingleton<DeliveryRunner>()
                .AddHostedService<WebhookSender>();
        }
        return builder;
    }

    private static WebhookOptions Settings(IServiceProvider services) => services.GetRequiredService<IOptions<WebhookOptions>>().Value;
}
