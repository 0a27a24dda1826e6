namespace Sluice.Jobs;
internal static class Placeholder;
