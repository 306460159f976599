// Package pace decides when a request may leave, and whether another one follows it.
//
//	        +--------------------------- Gate ---------------------------+
//	row --> | breaker closed > pause over > slot of a lane > turn by rate | --> claim --> request
//	 ^      +-------------------------------------------------------------+                  |
//	 |                                                                                       v
//	 +--- not sent, not processed: the claim is released, everybody heeds the answer ---- answer
//	      created, refused, in doubt: final, the claim is the caller's to settle <-----------+
//
// Its rules:
//
//   - Package crm makes one request and says what its answer means. All repeating is here.
//   - Only what certainly was not sent or not processed is sent again. Each request has a claim
//     of its own, which is durable before the request leaves.
//   - Everything that holds a request back is looked at twice, before the claim and after it:
//     a claim takes its time, and meanwhile a pause may have begun or the token been refused.
//   - What one request finds out is known before its slot is given to the next one.
//   - Each token is a lane. A lane begins with one request at a time, until an answer has shown
//     that token and server are right. Answers that refuse one request too many narrow it.
//   - A server that fails is given up only after so long and so many rounds (outage). One that
//     loses answers trips the breaker: nothing is sent until it answers a harmless question.
//   - Questions keep to pauses, rate and lanes as inserts do. They may be repeated.
package pace
