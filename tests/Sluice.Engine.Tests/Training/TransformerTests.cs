using Sluice.Tuning.Training;
using Xunit;

namespace Sluice.Engine.Tests.Training;

public sealed class TransformerTests
{
    private static readonly TrainingShape Shape = new(Hidden: 12, Layers: 2, Heads: 3, KvHeads: 1, Intermediate: 20, Vocabulary: 17, Context: 16);

    [Fact]
    public void The_gradient_of_every_parameter_group_equals_finite_differences()
    {
        Parameters<double> parameters = new(Shape);
        parameters.Initialise(seed: 5);
        SeededRandom random = new(9);
        foreach (ParameterTensor norm in parameters.Tensors.Where(t => t.Rows == 1))
        {
            foreach (ref double value in parameters.Values.AsSpan(norm.Offset, norm.Length))
            {
                value += 0.3 * random.NextNormal();
            }
        }
        TrainingBatch batch = RandomBatch(random, sequences: 3, length: 7);
        Transformer<double> model = new(parameters, 3, 7, threads: 2);
        model.Run(batch, learn: true);
        double[] gradients = [.. parameters.Gradients];
        double worst = 0;
        foreach (ParameterTensor tensor in parameters.Tensors)
        {
            // along a random direction, so that every element of the group takes part
            double[] direction = [.. Enumerable.Range(0, tensor.Length).Select(_ => random.NextNormal())];
            double expected = Enumerable.Range(0, tensor.Length).Sum(i => direction[i] * gradients[tensor.Offset + i]);
            const double Step = 1e-5;
            double up = Shifted(Step), down = Shifted(-Step);
            double measured = (up - down) / (2 * Step);
            double error = Math.Abs(measured - expected) / Math.Max(Math.Abs(measured), 1e-6);
            worst = Math.Max(worst, error);
            Assert.True(error <= 1e-3, $"{tensor.Name}: analytic {expected:g9}, measured {measured:g9}, relative error {error:g3}");

            double Shifted(double step)
            {
                double[] before = [.. parameters.Values];
                for (int i = 0; i < tensor.Length; i++)
                {
                    parameters.Values[tensor.Offset + i] += step * direction[i];
                }
                double loss = model.Run(batch, learn: false);
                before.CopyTo(parameters.Values, 0);
                return loss;
            }
        }
        TestContext.Current.TestOutputHelper?.WriteLine($"largest relative error {worst:g3} over {parameters.Tensors.Count} groups");
    }

    [Fact]
    public void Threads_do_not_change_a_bit_of_loss_or_gradient()
    {
        float[] One(int threads)
        {
            Parameters<float> parameters = new(Shape);
            parameters.Initialise(seed: 5);
            Transformer<float> model = new(parameters, 4, 9, threads);
            double loss = model.Run(RandomBatch(new SeededRandom(3), 4, 9), learn: true);
            return [(float)loss, .. parameters.Gradients];
        }
        Assert.Equal(One(1), One(2));
        Assert.Equal(One(1), One(3));
    }

    [Fact]
    public void Training_learns_a_batch_by_heart()
    {
        Parameters<float> parameters = new(Shape);
        parameters.Initialise(seed: 1);
        TrainingBatch batch = RandomBatch(new SeededRandom(2), 4, 9);
        Transformer<float> model = new(parameters, 4, 9, threads: 1);
        AdamW optimizer = new(parameters);
        double first = model.Run(batch, learn: true), last = first;
        for (int step = 0; step < 150; step++)
        {
            optimizer.Update(1e-2);
            last = model.Run(batch, learn: true);
        }
        Assert.True(last < 0.2 * first, $"loss went from {first:f3} to {last:f3} only");
    }

    private static TrainingBatch RandomBatch(SeededRandom random, int sequences, int length)
    {
        int rows = sequences * length;
        int[] tokens = [.. Enumerable.Range(0, rows).Select(_ => random.Next(Shape.Vocabulary))];
        int[] targets = [.. Enumerable.Range(0, rows).Select(_ => random.Next(Shape.Vocabulary))];
        float[] weights = [.. Enumerable.Range(0, rows).Select(i => i % 4 == 0 ? 0f : 1f + (i % 3))];
        return new TrainingBatch(sequences, length, tokens, targets, weights);
    }
}
