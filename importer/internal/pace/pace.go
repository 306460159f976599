// Package pace decides when a request may leave, and whether it is followed by another.
package pace
