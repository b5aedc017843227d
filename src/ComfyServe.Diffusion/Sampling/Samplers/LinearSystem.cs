namespace ComfyServe.Diffusion.Sampling.Samplers;

/// <summary>Small dense systems, by Gauss's elimination with partial pivoting.</summary>
internal static class LinearSystem
{
    /// <summary>The x with A·x = b. Both arguments are used up.</summary>
    public static double[] Solve(double[,] matrix, double[] right)
    {
        var n = right.Length;
        for (var column = 0; column < n; column++)
        {
            SwapIn(matrix, right, column, Pivot(matrix, column, n));
            for (var row = column + 1; row < n; row++)
            {
                var factor = matrix[row, column] / matrix[column, column];
                for (var k = column; k < n; k++)
                {
                    matrix[row, k] -= factor * matrix[column, k];
                }

                right[row] -= factor * right[column];
            }
        }

        for (var row = n - 1; row >= 0; row--)
        {
            for (var k = row + 1; k < n; k++)
            {
                right[row] -= matrix[row, k] * right[k];
            }

            right[row] /= matrix[row, row];
        }

        return right;
    }

    private static int Pivot(double[,] matrix, int column, int n) =>
        Enumerable.Range(column, n - column).MaxBy(row => Math.Abs(matrix[row, column]));

    private static void SwapIn(double[,] matrix, double[] right, int row, int other)
    {
        for (var k = 0; k < right.Length; k++)
        {
            (matrix[row, k], matrix[other, k]) = (matrix[other, k], matrix[row, k]);
        }

        (right[row], right[other]) = (right[other], right[row]);
    }
}
