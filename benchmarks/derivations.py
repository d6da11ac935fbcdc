"""The models of the group `derive`, each with the textbook's form of one derivative."""

from typing import NamedTuple


class Derivation(NamedTuple):
    """`form` is what a textbook prints for dL/d`by`, or for the Hessian where `by` is `hess`."""

    model: str
    by: str
    form: str

    @property
    def statement(self) -> str:
        """The textbook's form as a claim."""
        left = "hess(L, z)" if self.by == "hess" else f"dL/d{self.by}"
        return f"{left} = {self.form}"


DERIVATIONS = {
    "softmax-CE": Derivation(
        """
dims d, k
input x[d]
param W[k,d], b[k]
target y[k] : onehot
z = W @ x + b
p = softmax(z)
loss L = -sum(y*log(p))
""",
        "W",
        "(p - y) @ x.T",
    ),
    "logistic regression": Derivation(
        """
dims N, d
input X[N,d]
param w[d]
target y[N] : binary
p = sigmoid(X @ w)
loss L = -mean(y*log(p) + (1 - y)*log(1 - p))
""",
        "w",
        "X.T @ (p - y)/N",
    ),
    "linear regression": Derivation(
        """
dims N, d
input X[N,d], y[N]
param w[d]
loss L = mean((X @ w - y)^2)
""",
        "w",
        "2*X.T @ (X @ w - y)/N",
    ),
    "ridge": Derivation(
        """
dims N, d
input X[N,d], y[N]
param w[d]
const c
loss L = sum((X @ w - y)^2) + c*sum(w^2)
""",
        "w",
        "2*X.T @ (X @ w - y) + 2*c*w",
    ),
    "two-layer MLP": Derivation(
        """
dims d, h, k
input x[d]
param W1[h,d], b1[h], W2[k,h], b2[k]
target y[k] : onehot
a = W1 @ x + b1
p = softmax(W2 @ relu(a) + b2)
loss L = -sum(y*log(p))
""",
        "W1",
        "((W2.T @ (p - y)) * [a > 0]) @ x.T",
    ),
    "layer norm": Derivation(
        """
dims n
param x[n], gamma[n], beta[n]
input g[n]
const eps : positive
mu = mean(x)
sigma = sqrt(mean((x - mu)^2) + eps)
u = (x - mu)/sigma
loss L = sum(g*(gamma*u + beta))
""",
        "x",
        "(gamma*g - mean(gamma*g) - u*mean(gamma*g*u))/sigma",
    ),
    "batch norm": Derivation(
        """
dims N, n
param X[N,n]
input G[N,n]
const eps : positive
mu[j] = mean[i](X[i,j])
sigma[j] = sqrt(mean[i]((X[i,j] - mu[j])^2) + eps)
U = (X - mu)/sigma
loss L = sum(G*U)
""",
        "X",
        "(G - mean(G, over=N) - U*mean(G*U, over=N))/sigma",
    ),
    "RNN": Derivation(
        """
dims T, n, m
input x[1..T, n]
param U[m,n], W[m,m]
h[0] = zeros[m]
for t in 1..T:
    a[t] = U @ x[t] + W @ h[t-1]
    h[t] = tanh(a[t])
loss L = sum(h[T]^2)
""",
        "W",
        "sum[t in 1..T](dL/da[t] @ h[t-1].T)",
    ),
    "LSTM": Derivation(
        """
dims T, n, m
input x[1..T, n]
param Wf[m,m], Wi[m,m], Wo[m,m], Wc[m,m], V[m,n]
h[0] = zeros[m]
c[0] = zeros[m]
for t in 1..T:
    a[t] = Wf @ h[t-1]
    f[t] = sigmoid(a[t])
    i[t] = sigmoid(Wi @ h[t-1])
    o[t] = sigmoid(Wo @ h[t-1])
    c[t] = f[t]*c[t-1] + i[t]*tanh(Wc @ h[t-1] + V @ x[t])
    h[t] = o[t]*tanh(c[t])
loss L = sum(h[T]^2)
""",
        "Wf",
        "sum[t in 1..T](dL/da[t] @ h[t-1].T)",
    ),
    "attention": Derivation(
        """
dims N, M, d, e
param Q[N,d], K[M,d], V[M,e]
input G[N,e]
P = softmax(Q @ K.T/sqrt(d))
loss L = sum(G*(P @ V))
""",
        "V",
        "P.T @ G",
    ),
    "Bradley-Terry": Derivation(
        """
dims N
param s[N], t[N]
loss L = -mean(log(sigmoid(s - t)))
""",
        "s",
        "-sigmoid(t - s)/N",
    ),
    "DPO": Derivation(
        """
dims N
param w[N], l[N]
input rw[N], rl[N]
const beta
loss L = mean(dpo(w, l, rw, rl, beta))
""",
        "w",
        "-beta*sigmoid(-beta*(w - rw - (l - rl)))/N",
    ),
    "CLIP": Derivation(
        """
dims N, d
param A[N,d], B[N,d]
const tau : positive
S = A @ B.T/tau
P = softmax(S)
R = softmax(S.T)
loss L = -mean[i](log(P[i,i]))/2 - mean[i](log(R[i,i]))/2
""",
        "A",
        "(P + R.T - 2*eye[N]) @ B/(2*N*tau)",
    ),
    "cosine similarity": Derivation(
        """
dims n
param a[n], b[n]
assume norm(a) > 0
assume norm(b) > 0
loss L = cosine_similarity(a, b)
""",
        "a",
        "b/(norm(a)*norm(b)) - L*a/norm(a)^2",
    ),
    "log-sum-exp Hessian": Derivation(
        """
dims n
param z[n]
p = softmax(z)
loss L = logsumexp(z)
""",
        "hess",
        "diag(p) - p @ p.T",
    ),
    "Gaussian likelihood": Derivation(
        """
dims N
input x[N]
param mu, s : positive
loss L = N*log(s) + sum((x - mu)^2)/(2*s^2)
""",
        "mu",
        "sum(mu - x)/s^2",
    ),
}
