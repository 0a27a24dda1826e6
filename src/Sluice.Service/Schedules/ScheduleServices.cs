using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using Quartz;
using Sluice.Store.Postgres;

namespace Sluice.Service.Schedules;

/// <summary>Jobs made by the clock. The rules are everywhere, the clock and the work where the role is.</summary>
internal static class ScheduleServices
{
    private const int QuartzThreads = 4, QuartzConnections = 6;

    public static IHostApplicationBuilder AddSchedules(this IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        builder.Services.AddSettings<ScheduleOptions>(ScheduleOptions.Section);
        builder.Services.AddSingleton<IValidateOptions<ScheduleOptions>, ScheduleOptionsValidator>();
        builder.Services.AddSingleton<NamedConnections>();
        builder.Services.AddSingleton<RowSources>();
        builder.Services.AddSingleton<AnswerSinks>();
        builder.Services.AddSingleton<ScheduleRules>();
        builder.Services.AddSingleton<PlaceChecks>();
        builder.Services.AddSingleton<Firings>();
        builder.Services.AddSingleton<ScheduleRuns>();
        if (host.Runs(HostRole.Scheduler))
        {
            AddQuartz(builder, host);
            builder.Services.AddSingleton<Stager>();
            builder.Services.AddSingleton<Deliverer>();
            builder.Services.AddHostedService<ScheduleClock>();
            builder.Services.AddHostedService<FiringRunner>();
        }
        return builder;
    }

    private static void AddQuartz(IHostApplicationBuilder builder, SluiceHostOptions host)
    {
        ScheduleOptions settings = new();
        ConfigurationBinder.Bind(builder.Configuration.GetSection(ScheduleOptions.Section), settings);
        builder.Services.AddQuartz(quartz =>
        {
            quartz.ConfigureScheduler(options =>
            {
                options.InstanceName = "sluice";
                options.GenerateInstanceId = true;
            });
            quartz.UseDefaultThreadPool(QuartzThreads);
            quartz.UseTimeProvider(host.Time);
            if (host.Embedded)
            {
                quartz.UseInMemoryStore(store => store.MisfireThreshold = settings.MisfireThreshold);
                return;
            }
            quartz.UsePersistentStore(store =>
            {
                store.UsePostgres(NpgsqlFactory.Instance, ConnectionString(builder));
                store.UseSystemTextJsonSerializer();
                store.UseClustering(cluster =>
                {
                    cluster.CheckinInterval = settings.CheckIn;
                    cluster.CheckinMisfireThreshold = 2 * settings.CheckIn;
                });
                store.ConfigureStore(options =>
                {
                    options.TablePrefix = "quartz.qrtz_";
                    options.StoreJobDataAsStrings = true;
                    options.MisfireThreshold = settings.MisfireThreshold;
                });
            });
        });
        builder.Services.AddQuartzHostedService(options => options.WaitForJobsToComplete = true);
    }

    private static string ConnectionString(IHostApplicationBuilder builder) =>
        new NpgsqlConnectionStringBuilder(builder.Configuration[$"{StoreOptions.Section}:{nameof(StoreOptions.ConnectionString)}"])
        {
            ApplicationName = "sluice clock",
            MaxPoolSize = QuartzConnections,
        }.ConnectionString;
}
